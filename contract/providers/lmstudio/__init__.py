"""LM Studio's OpenAI-compatible server, read in its documentation and never run."""

from contract.model.provider import define
from contract.providers.lmstudio.dialect import LMSTUDIO
from contract.providers.lmstudio.fingerprint import FINGERPRINT

PROVIDER = define(__name__, dialects=(LMSTUDIO,), fingerprint=FINGERPRINT)
