"""Rules of vLLM's Rust frontend, recorded with 0.32.0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from contract.model.chat import Json
from contract.model.probe import Probe
from contract.model.rules import Rules
from contract.providers.openai_format import admission, completion_budget
from contract.providers.vllm.rules import VLLM
from contract.providers.vllm.tokenize import detokenize, tokenize_with

_RULES = replace(
    VLLM,
    admission=(
        admission.tool_results_follow_calls,
        admission.forced_tool,
    ),
    image_limit=None,
    completion_budget=completion_budget.unbounded,
    json_stops_reasoning=False,
    forced_call_finish="tool_calls",
    finish_rides_on_text=False,
    finish_rides_on_calls=False,
    fingerprint_beside_usage=False,
    logprobs_on_finish=False,
    id_length=8,
    call_id_length=24,
)


def rules(parse: Callable[[Mapping[str, Json]], Probe]) -> Rules:
    """Return the rules; *parse* decodes bodies of /tokenize."""
    endpoints = {"/tokenize": tokenize_with(parse), "/detokenize": detokenize}
    return replace(_RULES, body_endpoints=endpoints)
