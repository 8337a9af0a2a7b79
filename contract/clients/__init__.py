"""
Client conformance: scenarios that a user's program plays against the mock.

Imports: _version, catalog, errors, mock_server, model, plugins, quirks, run, targets.
"""
