"""Rules of SGLang's server, read in and recorded with 0.5.23."""

from __future__ import annotations

from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import Rules
from contract.providers.openai_format import admission, logprobs


def budget(prompt: int, asked: int | None, window: int) -> int | Rejection:
    """
    Require that prompt and max_tokens fit into the window together.

    Parameters and errors are those of `completion_budget`. A prompt that fills the
    window is rejected as one that is longer.
    """
    if prompt >= window:
        return Rejection(reason=RejectionReason.OVERFLOW, count=prompt, limit=window)
    if asked is not None and prompt + asked > window:
        return Rejection(
            reason=RejectionReason.MAX_TOKENS,
            value=asked,
            count=prompt + asked,
            limit=window,
        )
    return window - prompt if asked is None else asked


# Magistral encodes images and no audio.
_AUDIO = "Model only supports text and images; received unsupported content"
_PARTS = ("text", "image_url")

RULES = Rules(
    admission=(
        admission.only_parts_of(*_PARTS, role="user", message=_AUDIO),
        admission.only_parts_of(*_PARTS, role="tool", message=_AUDIO),
        admission.tool_results_follow_calls,
        admission.tool_schemas,
        admission.forced_tool,
    ),
    completion_budget=budget,
    # Probes of orchestrators need no key; the model list does.
    open_paths=frozenset({"/health"}),
    any_model=True,
    logprobs=logprobs.entry,
    id_prefix="",
    id_length=32,
    call_id_length=24,
)
