"""
Identity: whether two endpoints serve the same model in the same way, by statistics.

Imports: _version, catalog, client, detection, errors, files, model, plugins, targets,
tokens.
"""
