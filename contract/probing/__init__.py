"""
Readiness of a server, judged by at most three requests within a time limit.

Imports: catalog, client, detection, errors, model, portable.
"""
