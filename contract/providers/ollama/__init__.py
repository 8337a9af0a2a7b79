"""Ollama's OpenAI-compatible API, read in its sources and never run."""

from contract.model.provider import define
from contract.providers.ollama.dialect import OLLAMA
from contract.providers.ollama.fingerprint import FINGERPRINT

PROVIDER = define(__name__, dialects=(OLLAMA,), fingerprint=FINGERPRINT)
