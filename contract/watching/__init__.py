"""
Watching: runs repeated for ever, and only confirmed changes reported.

Imports: _version, errors, history, model, reporters, run. Third parties: httpx,
opentelemetry, prometheus_client.
"""
