"""
Exact Tekken v13 token counts, and prompts of an exact length.

Imports: errors, files, model. Third parties: PIL, orjson, tiktoken.
"""
