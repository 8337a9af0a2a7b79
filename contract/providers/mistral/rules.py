"""Rules of Mistral's hosted API, of 2025 and of 2026."""

from __future__ import annotations

from dataclasses import replace

from contract.model.rules import Rules
from contract.providers.openai_format import admission, completion_budget

MISTRAL_2025 = Rules(
    admission=(
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
MISTRAL_2026 = replace(
    MISTRAL_2025,
    # The successor of Magistral is also served under the old name.
    served_models=("mistral-small-2603", "magistral-small-latest"),
    admission=(
        admission.message_order,
        admission.last_message_awaits_answer,
        admission.matching_tool_results,
        admission.tool_definitions,
        admission.forced_tool,
        admission.supported_by_successors,
    ),
)
