"""
Installed providers, profiles and public breakages, by id.

Imports: errors, model, plugins, schema.
"""
