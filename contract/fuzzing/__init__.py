"""
Runs Schemathesis against a target and reports what it found.

Imports: client, errors, model, plugins, run, schema.
"""
