"""
Providers, one folder each: dialect, rules of the mock, fingerprint, profiles.

Imports: model, schema, tokens. Third parties: jsonschema_rs, orjson.
"""
