"""
Tiny models: scripted models with Magistral's architecture, for real engines on a CPU.

Imports: errors, mock_server, model, tokens. Third parties: gguf, mistral_common,
numpy, orjson, safetensors, tiktoken.
"""
