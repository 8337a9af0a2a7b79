"""Durations as they are written in options: `80ms`, `1.5s`, `2`."""

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
