"""Durations as they are written in options: `80ms`, `1.5s`, `2`; and `5m`, `90d`."""

from __future__ import annotations

from contract.errors import UsageError


def parse_duration(key: str, value: str) -> float:
    """
    Return the seconds of a duration such as `80ms`, `1.5s` or `2` (seconds).

    Raises `UsageError` that names *key* for anything else, and for a day or more.
    """
    text = value.strip().lower()
    scale = 1.0
    if text.endswith("ms"):
        text, scale = text[:-2], 0.001
    elif text.endswith("s"):
        text = text[:-1]
    try:
        number = float(text) * scale
    except ValueError:
        number = -1.0
    if not 0 <= number < 86_400:  # noqa: PLR2004  # a day
        raise UsageError(
            f"{key} must be a duration such as 80ms or 1.5s, not {value!r}."
        )
    return number


# The units of a period, in seconds.
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_LONGEST = 3_660 * 86_400.0  # ten years, in seconds


def parse_period(key: str, value: str, *, least: float = 0.0) -> float:
    """
    Return the seconds of a period such as `30s`, `5m`, `12h`, `90d` or `2w`.

    Raises `UsageError` that names *key* for anything else, for less than *least*
    seconds, and for more than ten years. Usage: `parse_period("--every", "5m")`.
    """
    text = value.strip().lower()
    unit = _UNITS.get(text[-1:])
    try:
        number = float(text[:-1]) * unit if unit else -1.0
    except ValueError:
        number = -1.0
    if not 0 < number <= _LONGEST:
        raise UsageError(
            f"{key} must be a period such as 30s, 5m or 90d, not {value!r}."
        )
    if number < least:
        raise UsageError(f"{key} must be {least:g}s or longer, not {value!r}.")
    return number
