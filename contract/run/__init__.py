"""
Plans, judges, explores, records and reports one run.

Imports: _version, catalog, client, detection, errors, model, plugins, targets,
tokens. Third parties: hypothesis.
"""
