"""
Client: sends requests within bounds and records every byte with its arrival time.

Imports: _version, errors, model, tokens. Third parties: httptools,
httpx.
"""
