"""How `transformers serve` treats requests."""

from __future__ import annotations

from contract.model.rules import Rules
from contract.providers.openai_format import (
    admission,
    completion_budget,
)

RULES = Rules(
    admission=(admission.orphans, admission.forced_tool),
    completion_budget=completion_budget.unbounded,
    open_paths=frozenset({"/health"}),
    id_length=32,
    health=b'{"status":"ok"}',
)
