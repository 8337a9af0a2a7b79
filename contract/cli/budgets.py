"""Bounds of latency as users write them: `ttft=1.5s`, `tokens_per_second=20`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from contract.errors import UsageError
from contract.model.profile import (
    RATES,
    Budget,
)
from contract.plugins.discovery import suggestion
from contract.targets.base import parse_duration

NAMES = tuple(field.name for field in fields(Budget))


def bounds(pairs: Iterable[str]) -> dict[str, float]:
    """`NAME=TIME` as the members of a `Budget`; the last of a name wins."""
    found = {}
    for pair in pairs:
        told, _, value = pair.partition("=")
        name = told.strip().replace("-", "_")
        if name not in NAMES:
            raise UsageError(f"Unknown budget {name!r}{suggestion(name, NAMES)}")
        bound = _rate(name, value) if name in RATES else parse_duration(name, value)
        if bound <= 0:
            raise UsageError(f"The budget {name} must be above 0, not {value!r}.")
        found[name] = bound
    return found


def window(text: str | None) -> int | None:
    """A context window in tokens as users write it; `UsageError` for anything else."""
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 2:  # noqa: PLR2004  # a token to read and one to write
        raise UsageError(f"The context window must be tokens from 2, not {text!r}.")
    return int(text)


def _rate(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(
            f"The budget {name} must be a number such as 20, not {value!r}."
        ) from None
