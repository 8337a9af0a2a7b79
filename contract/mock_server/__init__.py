"""
The mock: a scripted engine, replies as values, and an ASGI server that sends them.

Imports: errors, model, providers, schema, tokens. Third parties: PIL, httpx,
jsonschema_rs, orjson, uvicorn.
"""
