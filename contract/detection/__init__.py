"""
Recognises servers, and explains what their settings did to a reply.

Imports: catalog, client, errors, model.
"""
