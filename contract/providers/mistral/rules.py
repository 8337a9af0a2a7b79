"""Rules of Mistral's hosted API, of 2025 and of 2026."""

from __future__ import annotations

from dataclasses import replace

from contract.model.rules import Rules
from contract.providers.mistral import admission as own
from contract.providers.mistral import logprobs
from contract.providers.mistral.models import listed, model_named
from contract.providers.openai_format import admission, completion_budget

# The mock has no documents and no audio; `reference` is a chunk of answers that is
# replayed. The tokenizer of Magistral has no images in tool results.
_TEXTS = ("text", "thinking", "reference")
_USER_PARTS = admission.only_parts_of(
    *_TEXTS, "image_url", role="user", message="Input of type {} cannot be read"
)
_RESULT_PARTS_2025 = admission.only_parts_of(
    *_TEXTS, role="tool", message="Unexpected content chunk types in tool message: {}"
)
_RESULT_PARTS = admission.only_parts_of(
    *_TEXTS, "image_url", role="tool", message="Input of type {} cannot be read"
)

MISTRAL_2025 = Rules(
    admission=(
        _USER_PARTS,
        _RESULT_PARTS_2025,
        admission.message_order,
        admission.no_user_after_tool,
        admission.last_message_awaits_answer,
        admission.matching_tool_results,
        admission.tool_definitions,
        admission.forced_tool,
    ),
    completion_budget=completion_budget.must_fit,
    image_limit=8,
    repeats_prefix=True,
    full_window_finish="model_length",
    id_prefix="",
    id_length=32,
)
_ADMISSION_2026 = (
    _USER_PARTS,
    _RESULT_PARTS,
    admission.message_order,
    admission.last_message_awaits_answer,
    admission.matching_tool_results,
    admission.tool_definitions,
    admission.forced_tool,
)
MISTRAL_2026 = replace(
    MISTRAL_2025,
    # The successor of Magistral is also served under the old name.
    served_models=("mistral-small-2603", "magistral-small-latest"),
    admission=(*_ADMISSION_2026, admission.supported_by_successors),
)
MISTRAL_2026_OCTOBER = replace(
    MISTRAL_2026,
    served_models=listed(),
    model_named=model_named,
    image_limit=None,
    admission=(*_ADMISSION_2026, own.supported_by_the_model),
    logprobs=logprobs.entry,
    merges_deltas=True,
    resumes_reasoning=True,
)
