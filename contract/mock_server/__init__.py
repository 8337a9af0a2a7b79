"""
The mock: a scripted engine, replies as values, and the ASGI server that performs
them.

Imports: errors, model, providers, schema, tokens. Third parties: PIL, httpx,
jsonschema_rs, orjson, uvicorn.
"""
