"""
Differences between two OpenAPI documents, and which of them break a client.

Imports: errors, schema. Third parties: yaml.
"""
