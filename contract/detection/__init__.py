"""
Detection: recognises servers, and explains what their settings did to a response.

Imports: catalog, client, errors, model.
"""
