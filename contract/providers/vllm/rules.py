"""Rules of vLLM's OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from contract.model.chat import METRICS, Json
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import Rules
from contract.providers.openai_format import admission, completion_budget, logprobs
from contract.providers.vllm.load import metrics
from contract.providers.vllm.tokenize import detokenize, tokenize_with

VLLM = Rules(
    admission=(
        admission.message_order,
        admission.last_message_is_not_answer,
        admission.matching_tool_results,
        admission.choice_needs_tools,
        admission.tool_definitions,
        admission.forced_tool,
        admission.greedy_has_one_choice,
        admission.stream_options,
        admission.known_token_ids,
        admission.one_constraint,
    ),
    completion_budget=completion_budget.clamped,
    # As started on the model card: --limit-mm-per-prompt '{"image": 10}'.
    image_limit=10,
    echoes_model=False,
    open_paths=frozenset({"/health", "/version", METRICS, "/tokenize", "/detokenize"}),
    json_stops_reasoning=True,
    forced_call_finish="stop",
    finish_rides_on_text=True,
    names_stop_string=True,
    fingerprint_beside_usage=True,
    # Recorded with 0.32.0; a chunk without text carries none but the last.
    logprobs=logprobs.entry,
    logprobs_on_finish=True,
    version="0.32.0",
    load_endpoints={METRICS: metrics},
)


def added_up(prompt: int, asked: int | None, window: int) -> int | Rejection:
    """
    Return the budget of 0.16.0: prompt and max_tokens must fit the window together.

    Parameters and errors are those of `completion_budget`. Recorded with 0.16.0; the
    whole window as max_tokens is still accepted there, and clamped.
    """
    budget = completion_budget.clamped(prompt, asked, window)
    if isinstance(budget, Rejection) or asked in {None, window, budget}:
        return budget
    return Rejection(
        reason=RejectionReason.MAX_TOKENS, value=asked, count=prompt, limit=window
    )


def rules(version: str, parse: Callable[[Mapping[str, Json]], Probe]) -> Rules:
    """Return the rules of release *version*; *parse* decodes bodies of /tokenize."""
    endpoints = {"/tokenize": tokenize_with(parse), "/detokenize": detokenize}
    own = replace(VLLM, version=version, body_endpoints=endpoints)
    if version == "0.16.0":
        own = replace(own, completion_budget=added_up)
    # Recorded with 0.11.0, 0.12.0, 0.15.1 and 0.16.0: the end of a call is apart.
    return replace(own, finish_rides_on_calls=version == VLLM.version)
