"""Pairs of the streamed and the whole reply to one greedy request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from contract.checks.judging.answered import question
from contract.model.chat import Piece, PieceKind, merge_calls
from contract.model.exchange import Exchange
from contract.model.strict_json import MISSING, is_one_of, read_json
from contract.model.token_limit import asked_limit

TWICE = 2  # replies that agree
# Tokens of a reply that was cut off: a parser may hold back so few in a stream.
HELD_BACK = 8


@dataclass(frozen=True, slots=True)
class Content:
    """What one reply says: texts and calls, without what surrounds them."""

    # Text by choice and kind, without white space around it, which some servers trim.
    texts: tuple[tuple[int, str, str], ...]
    # Name and arguments of each call, in order.
    calls: tuple[tuple[str, str], ...]


def _content(exchange: Exchange) -> Content:
    kinds = (PieceKind.REASONING, PieceKind.ANSWER)
    texts = tuple(
        (choice, kind.value, exchange.text_of(kind, choice).strip())
        for choice in sorted(exchange.finishes)
        for kind in kinds
    )
    calls = tuple(
        (piece.call.name or "", _spelled(piece.text))
        for piece in merge_calls(_by_choice(exchange))
        if piece.kind is PieceKind.TOOL and piece.call is not None
    )
    return Content(texts, calls)


def _by_choice(exchange: Exchange) -> list[Piece]:
    """Return the pieces of one choice after those of another, each in its order."""
    pieces = (piece for _, piece in exchange.folded_pieces)
    return sorted(pieces, key=lambda piece: piece.choice)


def _spelled(arguments: str) -> str:
    """Return the *arguments* of a call without the white space that JSON ignores."""
    value = read_json(arguments.encode(errors="surrogatepass"))
    if value is MISSING:
        return arguments
    return json.dumps(value, ensure_ascii=False)


def _greedy_question(exchange: Exchange) -> str | None:
    """
    Return what a greedy or seeded request asks; None for another.

    A request that continues a message of the assistant is none: servers differ in
    whether they repeat what is continued.
    """
    sent = exchange.sent
    messages = sent.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    asks = isinstance(last, dict) and is_one_of(last.get("role"), ("user", "tool"))
    temperature = sent.get("temperature")
    greedy = not isinstance(temperature, bool) and temperature == 0
    seeded = any(isinstance(sent.get(name), int) for name in ("seed", "random_seed"))
    if not asks or not (greedy or seeded):
        return None
    return question(exchange)


def _is_held_back(exchange: Exchange) -> bool:
    limit = asked_limit(exchange.sent)
    short = limit is not None and limit <= HELD_BACK
    return short and "length" in exchange.finishes.get(0, ())


def _agreed(exchanges: list[Exchange]) -> Content | None:
    """Return what at least two replies say alike; None if they do not."""
    found = {_content(exchange) for exchange in exchanges}
    return found.pop() if len(found) == 1 and len(exchanges) >= TWICE else None


def pairs(
    exchanges: tuple[Exchange, ...],
) -> Iterator[tuple[Exchange, Content, Content]]:
    """
    Yield a streamed reply, what it says, and what the same request gets as a whole.

    Only where the two must be the same: repeated replies of either form agree, or both
    consist of the same number of tokens.
    """
    groups: dict[str, tuple[list[Exchange], list[Exchange]]] = {}
    for exchange in exchanges:
        asked = None if _is_held_back(exchange) else _greedy_question(exchange)
        if asked is not None and exchange.probe.stream == exchange.streamed:
            streams, whole = groups.setdefault(asked, ([], []))
            (streams if exchange.streamed else whole).append(exchange)
    for streams, whole in groups.values():
        if not streams or not whole:
            continue
        agreed = _agreed(streams), _agreed(whole)
        if agreed[0] is not None and agreed[1] is not None:
            yield streams[0], agreed[0], agreed[1]
            continue
        for streamed in streams:
            spent = streamed.count("completion_tokens")
            equal = [x for x in whole if x.count("completion_tokens") == spent]
            if spent is not None and equal:
                yield streamed, _content(streamed), _content(equal[0])
