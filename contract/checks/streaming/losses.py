"""Check that a stream loses nothing of what the same request gets as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract.checks.faults.chunks import text_frames
from contract.checks.judging.answered import question
from contract.checks.judging.difference import loss
from contract.model.chat import PieceKind, merge_calls
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import repeat
from contract.model.probes import SUM, SUM_WHOLE, UTF8, UTF8_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply
from contract.model.rewrite import rewrite_pieces
from contract.model.strict_json import MISSING, is_one_of, read_json

TWICE = 2
# Tokens of a reply that was cut off: a parser may hold back so few in a stream.
HELD_BACK = 8


@dataclass(frozen=True, slots=True)
class _Content:
    """What one reply says: texts and calls, without what surrounds them."""

    # Text by choice and kind, without white space around it, which some servers trim.
    texts: tuple[tuple[int, str, str], ...]
    # Name and arguments of each call, in order.
    calls: tuple[tuple[str, str], ...]


def _content(exchange: Exchange) -> _Content:
    kinds = (PieceKind.REASONING, PieceKind.ANSWER)
    texts = tuple(
        (choice, kind.value, exchange.text_of(kind, choice).strip())
        for choice in sorted(exchange.finishes)
        for kind in kinds
    )
    calls = tuple(
        (piece.call.name or "", _spelled(piece.text))
        for piece in merge_calls(piece for _, piece in exchange.folded_pieces)
        if piece.kind is PieceKind.TOOL and piece.call is not None
    )
    return _Content(texts, calls)


def _spelled(arguments: str) -> str:
    """Return the *arguments* of a call without the white space that JSON ignores."""
    value = read_json(arguments.encode(errors="surrogatepass"))
    if value is MISSING:
        return arguments
    return json.dumps(value, ensure_ascii=False)


def _greedy_question(exchange: Exchange) -> str | None:
    """
    Return what a greedy request asks, however the answer is sent; None for another.

    A request that continues a message of the assistant is none: servers differ in
    whether they repeat what is continued.
    """
    sent = exchange.sent
    messages = sent.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    asks = isinstance(last, dict) and is_one_of(last.get("role"), ("user", "tool"))
    temperature = sent.get("temperature")
    if not asks or isinstance(temperature, bool) or temperature != 0:
        return None
    return question(exchange)


def _is_held_back(exchange: Exchange) -> bool:
    limit = exchange.sent.get("max_tokens")
    short = isinstance(limit, int) and limit <= HELD_BACK
    return short and "length" in exchange.finishes.get(0, ())


def _agreed(exchanges: list[Exchange]) -> _Content | None:
    """Return what at least two replies say alike; None if they do not."""
    found = {_content(exchange) for exchange in exchanges}
    return found.pop() if len(found) == 1 and len(exchanges) >= TWICE else None


def _pairs(
    exchanges: tuple[Exchange, ...],
) -> Iterator[tuple[Exchange, _Content, _Content]]:
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


@check(
    "streaming.loses-nothing",
    "A stream MUST NOT lose or alter a part of what the same request gets as a whole.",
    source="BerriAI/litellm#27492; EricLBuehler/mistral.rs#63; ddalcu/mlx-serve#287",
    sends=tuple(
        one
        for probe in (SUM, SUM_WHOLE, UTF8, UTF8_WHOLE)
        for one in repeat(probe, TWICE)
    ),
    needs={Capability.STREAMING, Capability.SEED},
    every=Scope.ANSWERS,
    across=True,
)
def loses_nothing(*exchanges: Exchange) -> Findings:
    """
    Compares greedy requests that were sent both ways.

    A model may word the same answer in another way; what is only shorter, or altered
    letter by letter, was lost on the way.
    """
    compared = False
    for streamed, seen, wanted in _pairs(exchanges):
        compared = True
        for (choice, kind, actual), (*_, expected) in zip(
            seen.texts, wanted.texts, strict=False
        ):
            if reason := loss(expected, actual):
                yield Finding(
                    f"the streamed {kind} is not the whole one: {reason}",
                    expected=shorten(repr(expected)),
                    actual=shorten(repr(actual)),
                    at=f"request {streamed.probe.name}, choice {choice}",
                )
        yield from _lost_calls(streamed, seen, wanted)
    if not compared:
        raise NotApplicable("no greedy request was answered alike in both forms")


def _lost_calls(streamed: Exchange, seen: _Content, wanted: _Content) -> Findings:
    place = f"request {streamed.probe.name}"
    if len(seen.calls) < len(wanted.calls):
        yield Finding(
            "the stream has fewer tool calls than the whole answer",
            expected=shorten(wanted.calls),
            actual=shorten(seen.calls) if seen.calls else "no call",
            at=place,
        )
        return
    for (name, arguments), (whole_name, whole) in zip(
        seen.calls, wanted.calls, strict=False
    ):
        if reason := loss(whole_name, name) or loss(whole, arguments):
            yield Finding(
                f"the streamed call is not the whole one: {reason}",
                expected=shorten(f"{whole_name}({whole})"),
                actual=shorten(f"{name}({arguments})"),
                at=place,
            )


LOSES = ("streaming", "languages", "sampling", "conversation", "usage", "reasoning")


@fault(
    breaks=loses_nothing,
    also=(*LOSES, "structured", "tools", "isolation", "multimodal"),
)
def first_delta_lost(reply: Reply) -> Reply:
    """The delta at the border of reasoning and answer is lost (litellm#27492)."""
    answers = text_frames(reply, frozenset({PieceKind.ANSWER}))
    if len(answers) <= 1:
        return reply
    return reply.with_frames(
        Frame(f.at, f.data) for n, f in enumerate(reply.frames) if n != answers[0]
    )


@fault(breaks=loses_nothing, also=(*LOSES, "structured", "tools", "isolation"))
def deltas_trimmed(reply: Reply) -> Reply:
    """The white space around each delta is stripped (mistral.rs#63)."""
    if not reply.streamed:
        return reply
    return rewrite_pieces(
        reply,
        lambda pieces: [replace(piece, text=piece.text.strip()) for piece in pieces],
    )
