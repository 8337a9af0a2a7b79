"""
Validation of JSON values against `openapi.yaml` and against schemas in requests.

Imports: errors, files, model, plugins. Third parties: jsonschema, jsonschema_rs,
referencing, yaml.
"""
