"""
Verdicts over HTTP: what a report says of each check, and further runs on demand.

Imports: engines, errors, mock_server, model, reporters, run.
"""
