"""Strategies for options: each parameter alone, and every pair of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from contract.model.chat import Options, freeze
from contract.model.probes import WEATHER
from contract.model.profile import Capability

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MAX_TOKENS = 24  # enough for a cut answer, few enough to be cheap
SHAPE = freeze(
    {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "schema": {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
            },
        },
    }
)
Setting = Mapping[str, Any]  # some members of Options


@cache
def settings(offers: frozenset[Capability]) -> tuple[Setting, ...]:
    """Return the settings that a server with these *offers* accepts, one at a time."""
    found: list[Setting] = [{"max_tokens": tokens} for tokens in (1, 2, 7)]
    found += [{"temperature": value} for value in (0.0, 0.7, 1.0, 1.5)]
    found += [{"top_p": value} for value in (0.01, 0.95, 1.0)]
    for name in ("presence_penalty", "frequency_penalty"):
        found += [{name: value} for value in (-2.0, 0.5, 2.0)]
    if Capability.SEED in offers:
        found += [{"seed": value} for value in (0, 7, 2**31 - 1)]
    if Capability.STOP in offers:
        found += [{"stop": value} for value in (("stop",), ("\n\n", "日本"))]
    if Capability.JSON_SCHEMA in offers:
        formats = ['{"type":"text"}', '{"type":"json_object"}', SHAPE]
        if Capability.JSON_OBJECT not in offers:
            del formats[1]
        found += [{"response_format": value} for value in formats]
    if Capability.CHOICES in offers:
        found += [{"n": 2}]
    if Capability.LOGPROBS in offers:
        found += [{"logprobs": value} for value in (0, 2)]
    if Capability.TOOLS in offers:
        found += _tools(offers)
    return tuple(found)


def _tools(offers: frozenset[Capability]) -> list[Setting]:
    choices = [
        *("auto", "none"),
        *(["required"] if Capability.FORCED_TOOLS in offers else []),
        *([f"={WEATHER.name}"] if Capability.NAMED_TOOLS in offers else []),
    ]
    tools: Setting = {"tools": (WEATHER,)}
    found = [tools, *({**tools, "tool_choice": choice} for choice in choices)]
    if Capability.PARALLEL_TOOLS in offers:
        found.append({**tools, "parallel_tool_calls": False})
    return found


@cache
def combined(offers: frozenset[Capability]) -> tuple[Options, ...]:
    """Return options with only a limit, then one setting each, then every pair."""
    single = settings(offers)
    pairs = (
        {**one, **other}
        for one, other in combinations(single, 2)
        if not set(one) & set(other) and not _excluded({**one, **other})
    )
    made = [{}, *single, *pairs]
    return tuple(Options(**{"max_tokens": MAX_TOKENS, **setting}) for setting in made)


def _excluded(both: Setting) -> bool:
    """Return whether some server rejects the combination."""
    # vLLM rejects several choices with greedy sampling.
    greedy_choices = both.get("n") is not None and both.get("temperature") == 0
    return greedy_choices or set(both) >= {"response_format", "tools"}


def options(offers: frozenset[Capability]) -> SearchStrategy[Options]:
    """Draw options that a server with these *offers* must accept."""
    from hypothesis import strategies as st

    return st.sampled_from(combined(offers))
