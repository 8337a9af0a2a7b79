"""The knobs of a request: each alone and every two of them together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from contract.model.chat import (
    Options,
    freeze,
)
from contract.model.probes import WEATHER
from contract.model.profile import Capability

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

ROOM = 24  # tokens; enough to be cut, little enough to be cheap
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
    """What a provider with these *offers* can be told, one thing at a time."""
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
        formats = ('{"type":"text"}', '{"type":"json_object"}', SHAPE)
        found += [{"response_format": value} for value in formats]
    if Capability.CHOICES in offers:
        found += [{"n": 2}]
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
    """Nothing but a limit, then one setting each, then every two; no doubles."""
    single = settings(offers)
    pairs = (
        {**one, **other}
        for one, other in combinations(single, 2)
        if not set(one) & set(other) and not _excluded({**one, **other})
    )
    made = [{}, *single, *pairs]
    return tuple(Options(**{"max_tokens": ROOM, **setting}) for setting in made)


def _excluded(both: Setting) -> bool:
    """Whether some provider does not take these together."""
    # vLLM: several answers, but no chance that they differ.
    certain = both.get("n") is not None and both.get("temperature") == 0
    return certain or set(both) >= {"response_format", "tools"}


def options(offers: frozenset[Capability]) -> SearchStrategy[Options]:
    """Options that a provider with these *offers* must take."""
    from hypothesis import strategies as st

    return st.sampled_from(combined(offers))
