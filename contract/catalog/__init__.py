"""
Installed providers, profiles and public breakages, by id.

Imports: errors, files, model, plugins, schema.
"""
