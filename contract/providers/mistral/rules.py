"""How Mistral's hosted API treats requests, in 2025 and in 2026."""

from __future__ import annotations

from dataclasses import replace

from contract.model.rules import Rules
from contract.providers.openai_format import (
    admission,
    completion_budget,
)

MISTRAL_2025 = Rules(
    admission=(
        admission.order,
        admission.no_user_after_tool,
        admission.last_is_asking,
        admission.tool_results,
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
    # The successor of Magistral answers to its old name too.
    served_models=("mistral-small-2603", "magistral-small-latest"),
    admission=(
        admission.order,
        admission.last_is_asking,
        admission.tool_results,
        admission.tool_definitions,
        admission.forced_tool,
        admission.successors,
    ),
)
