"""LiteLLM's proxy, in front of any other server."""

from contract.model.provider import define
from contract.providers.litellm.dialect import LITELLM
from contract.providers.litellm.fingerprint import FINGERPRINT

PROVIDER = define(__name__, dialects=(LITELLM,), fingerprint=FINGERPRINT)
