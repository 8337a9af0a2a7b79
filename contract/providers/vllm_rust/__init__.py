"""vLLM's frontend in Rust, in place of its Python server."""

from contract.model.provider import define
from contract.providers.vllm_rust.dialect import VLLM_RUST
from contract.providers.vllm_rust.fingerprint import FINGERPRINT

PROVIDER = define(__name__, dialects=(VLLM_RUST,), fingerprint=FINGERPRINT)
