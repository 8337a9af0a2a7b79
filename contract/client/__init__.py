"""
Sends requests within bounds and records every byte with its time.

Imports: _version, errors, model, tokens. Third parties: httpx.
"""
