"""The limit of generated tokens that a chat request asks for."""

from __future__ import annotations

from collections.abc import Mapping

from contract.model.chat import Json

# The newer name first; OpenAI's API documents the older one as deprecated.
_NAMES = ("max_completion_tokens", "max_tokens")


def asked_limit(sent: Mapping[str, Json]) -> int | None:
    """
    Return the whole number that the chat *sent* gives as its limit; None without one.

    `null` is no limit, and 64.0 is 64: JSON has one kind of number.

    Usage: `asked_limit({"max_tokens": 64})` is 64.
    """
    for name in _NAMES:
        value = sent.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is not None:
            return value if type(value) is int else None
    return None


def token_limit(sent: Mapping[str, Json]) -> int | None:
    """
    Return the most tokens that each choice may have, at least 1; None for no limit.

    llama.cpp generates one token if it is asked for none, and any number for -1
    (recorded with b11549).

    Usage: `token_limit({"max_tokens": -1})` is None.
    """
    asked = asked_limit(sent)
    return None if asked is None or asked < 1 else asked
