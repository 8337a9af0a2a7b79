"""Rules of `transformers serve`."""

from __future__ import annotations

from contract.model.rules import Rules
from contract.providers.openai_format import admission, completion_budget

RULES = Rules(
    admission=(admission.tool_results_follow_calls, admission.forced_tool),
    completion_budget=completion_budget.unbounded,
    open_paths=frozenset({"/health"}),
    id_length=32,
    health=b'{"status":"ok"}',
)
