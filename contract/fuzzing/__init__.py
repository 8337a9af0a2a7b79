"""
Schemathesis runs against a target, and their results in a report.

Imports: client, errors, model, plugins, run, schema. Third parties: requests.
"""
