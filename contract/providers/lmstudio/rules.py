"""Rules of LM Studio's server, read in its documentation and bug reports."""

from __future__ import annotations

from contract.model.rules import Rules
from contract.providers.openai_format import admission, completion_budget

_PARTS = ("text", "image_url")
_OTHER_PART = "Invalid content part; supported types: text, image_url"

RULES = Rules(
    admission=(
        admission.only_parts_of(*_PARTS, role="user", message=_OTHER_PART),
        admission.only_parts_of(*_PARTS, role="tool", message=_OTHER_PART),
    ),
    completion_budget=completion_budget.unbounded,
    served_models=("mistralai/magistral-small-2509", "magistral-small-2509"),
    any_model=True,
    json_only=False,
    id_length=22,
    call_id_length=9,
)
