"""
Planning, judging, exploring, recording and reporting of one run.

Imports: _version, catalog, client, detection, errors, files, model, plugins,
targets, tokens. Third parties: hypothesis, jsonschema_rs.
"""
