"""
The providers, profiles and public breakages that are installed, by id.

Imports: errors, model, plugins, schema.
"""
