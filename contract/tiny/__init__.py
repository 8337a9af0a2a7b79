"""
Writes a scripted model of Magistral's shape that real engines serve on a CPU.

Imports: errors, mock_server, model, tokens. Third parties: gguf, mistral_common,
numpy, orjson, safetensors, tiktoken.
"""
