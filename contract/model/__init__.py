"""
Values without I/O: chats, dialects, profiles, exchanges, replies, checks.

Imports: errors. Third parties: PIL, jsonschema_rs, orjson.
"""
