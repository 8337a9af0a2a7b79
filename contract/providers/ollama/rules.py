"""Rules of Ollama's server, read in its sources."""

from __future__ import annotations

from contract.model.rules import Rules
from contract.providers.openai_format import admission, completion_budget

_PARTS = ("text", "image_url")
_OTHER_PART = "invalid message format"


RULES = Rules(
    admission=(
        admission.only_parts_of(*_PARTS, role="user", message=_OTHER_PART),
        admission.only_parts_of(*_PARTS, role="tool", message=_OTHER_PART),
    ),
    completion_budget=completion_budget.unbounded,
    served_models=("magistral:24b", "magistral:latest"),
    json_only=False,
    id_length=4,
    call_id_length=8,
)
