"""Validation of what a run is given by a program, which no command line has parsed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields

from contract.errors import UsageError
from contract.model.profile import MOST_WINDOW, RATES, Budget, Capability
from contract.plugins.discovery import suggestion

_BUDGETS = tuple(field.name for field in fields(Budget))
_CAPABILITIES = tuple(capability.value for capability in Capability)


def ensure_whole(**numbers: object) -> None:
    """
    Raise `UsageError` unless each of *numbers* is None or a whole number above 0.

    Usage: `ensure_whole(concurrency=4, context_window=None)`. A window is at most
    `MOST_WINDOW`, because it is a size in memory.
    """
    for name, value in numbers.items():
        most = MOST_WINDOW if name == "context_window" else math.inf
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and 1 <= value <= most):  # type: ignore[operator]  # it is an int
            wanted = "above 0" if most == math.inf else f"from 1 to {most}"
            raise UsageError(f"{name} must be a whole number {wanted}, not {value!r}.")


def ensure_budget(budget: object) -> None:
    """Raise `UsageError` unless *budget* has latencies or rates above 0 by name."""
    if budget is None:
        return
    if not isinstance(budget, Mapping):
        raise UsageError('budget must be a mapping such as {"ttft": 1.5}.')
    for name, bound in budget.items():
        if name not in _BUDGETS:
            near = suggestion(str(name), _BUDGETS)
            raise UsageError(f"Unknown budget {name!r}{near}")
        number = isinstance(bound, int | float) and not isinstance(bound, bool)
        if not number or not 0 < bound < math.inf:
            unit = "a number" if name in RATES else "a number of seconds"
            raise UsageError(f"budget: {name} must be {unit} above 0, not {bound!r}.")


def ensure_offers(offers: Iterable[Capability]) -> None:
    """Raise `UsageError` unless *offers* are capabilities, or their names."""
    for one in offers:
        if one not in _CAPABILITIES:
            near = suggestion(str(one), _CAPABILITIES, few=len(_CAPABILITIES))
            raise UsageError(f"Unknown capability {one!r}{near}")


def ensure_headers(headers: object) -> None:
    """Raise `UsageError`, without a value, unless *headers* are texts by name."""
    sound = headers is None or (
        isinstance(headers, Mapping)
        and all(isinstance(part, str) for pair in headers.items() for part in pair)
    )
    if not sound:
        raise UsageError('headers must be texts by name, {"X-Tenant": "blue"}.')
