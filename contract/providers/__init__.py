"""
One folder per provider: dialect, rules of its mock, fingerprint, profiles.

Imports: model, schema, tokens. Third parties: jsonschema_rs, orjson.
"""
