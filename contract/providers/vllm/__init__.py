"""vLLM's OpenAI-compatible server, by the releases that changed its format."""

from contract.model.provider import define
from contract.providers.vllm.dialect import VLLM_0_11, VLLM_0_12, VLLM_0_16
from contract.providers.vllm.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(VLLM_0_11, VLLM_0_12, VLLM_0_16),
    fingerprint=FINGERPRINT,
    aliases={"vllm": "vllm-0.32"},
)
