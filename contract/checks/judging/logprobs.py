"""Reading of log-probabilities: the entries of a reply, and their members."""

from __future__ import annotations

from contract.model.chat import Json
from contract.model.check import NotApplicable
from contract.model.exchange import Exchange

Object = dict[str, Json]
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def entries_of(exchange: Exchange) -> tuple[Object, ...]:
    """Return the entries of the first choice, in the order of a stream's chunks."""
    found: list[Object] = []
    for _, choice in exchange.choices:
        logprobs = choice.get("logprobs")
        content = logprobs.get("content") if isinstance(logprobs, dict) else None
        if choice.get("index", 0) == 0 and isinstance(content, list):
            found += [entry for entry in content if isinstance(entry, dict)]
    return tuple(found)


def alternatives(entry: Object) -> tuple[Object, ...]:
    """Return the `top_logprobs` of an entry."""
    listed = entry.get("top_logprobs")
    return tuple(
        one
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    )


def number_of(entry: Object) -> float | None:
    """Return the log-probability; None where it is no number."""
    value = entry.get("logprob")
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return value if known else None  # type: ignore[return-value]  # known is the check


def bytes_of(entry: Object) -> bytes | None:
    """Return the bytes of a token; None where they are absent or no bytes."""
    values = entry.get("bytes")
    if not isinstance(values, list):
        return None
    valid = [v for v in values if isinstance(v, int) and 0 <= v <= 255]  # noqa: PLR2004  # a byte
    return bytes(valid) if len(valid) == len(values) else None


def token_of(entry: Object) -> str:
    """Return the text of the token; empty where there is none."""
    token = entry.get("token")
    return token if isinstance(token, str) else ""


def place_of(exchange: Exchange, number: int) -> str:
    """Return the location of the entry with that number, for `Finding.at`."""
    return f"{exchange.probe.name}, token {number}"


def require_entries(exchanges: tuple[Exchange, ...]) -> None:
    """Raise `NotApplicable` unless a reply has entries; another check reports that."""
    if not any(entries_of(exchange) for exchange in exchanges):
        raise NotApplicable("no reply has log-probabilities")
