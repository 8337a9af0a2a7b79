"""Parser of budgets and context windows that are given as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields

from contract.client.timeouts import RETRY_BUDGET
from contract.errors import UsageError
from contract.model.duration import parse_duration
from contract.model.profile import MOST_WINDOW, RATES, Budget
from contract.plugins.discovery import suggestion
from contract.targets.base import MOST_DIGITS

NAMES = tuple(field.name for field in fields(Budget))


def bounds(pairs: Iterable[str]) -> dict[str, float]:
    """
    Return bounds such as `ttft=1.5s` and `tokens_per_second=20` by field of `Budget`.

    Bounds are seconds, rates tokens per second; the last bound of a name wins. Raises
    `UsageError` for an unknown name and for a value that is not a positive bound.
    """
    found = {}
    for pair in pairs:
        left, _, value = pair.partition("=")
        name = left.strip().replace("-", "_")
        if name not in NAMES:
            raise UsageError(f"Unknown budget {name!r}{suggestion(name, NAMES)}")
        bound = _rate(name, value) if name in RATES else parse_duration(name, value)
        if bound <= 0:
            raise UsageError(f"The budget {name} must be above 0, not {value!r}.")
        found[name] = bound
    return found


def window(text: str | None) -> int | None:
    """Return the context window in tokens; raise `UsageError` if *text* is not one."""
    if text is None:
        return None
    digits = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    # One token of prompt and one of completion.
    if not digits or not 2 <= int(text) <= MOST_WINDOW:  # noqa: PLR2004
        raise UsageError(
            f"The context window must be a number of tokens from 2 to {MOST_WINDOW}, "
            f"not {text!r}."
        )
    return int(text)


def retry_budget(text: str | None) -> float:
    """Return the seconds to wait for rate limits; or raise `UsageError`."""
    if text is None:
        return RETRY_BUDGET
    return parse_duration("The retry budget", text)


def _rate(name: str, value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = math.nan
    if not math.isfinite(rate):
        raise UsageError(
            f"The budget {name} must be a number such as 20, not {value!r}."
        )
    return rate
