"""The surface `/v1/responses`, as Mistral's hosted API, vLLM and llama.cpp have it."""

from contract.model.provider import define
from contract.providers.responses.dialect import (
    LLAMACPP_RESPONSES,
    MISTRAL_RESPONSES,
    VLLM_RESPONSES,
)
from contract.providers.responses.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(MISTRAL_RESPONSES, VLLM_RESPONSES, LLAMACPP_RESPONSES),
    fingerprint=FINGERPRINT,
    aliases={"responses": "mistral-responses"},
)
