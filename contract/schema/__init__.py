"""
Verdicts of `openapi.yaml` and of schemas in requests on JSON values.

Imports: errors, model, plugins. Third parties: jsonschema, jsonschema_rs, yaml.
"""
