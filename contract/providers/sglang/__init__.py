"""SGLang's OpenAI-compatible server with the reasoning parser for Mistral models."""

from contract.model.provider import define
from contract.providers.sglang.dialect import SGLANG
from contract.providers.sglang.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(SGLANG,),
    fingerprint=FINGERPRINT,
    aliases={"sglang": "sglang-0.5"},
)
