"""
History: the runs of targets in a database, what changed between them, and trends.

Imports: errors, model, reporters, run. Third parties: psycopg,
sqlalchemy.
"""
