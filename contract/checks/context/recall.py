"""That a long text was not only counted but read: what it said is found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.sources import OLLAMA
from contract.model.chat import (
    FILL,
    Fill,
    Options,
    Piece,
    PieceKind,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    MAX_TOKENS,
    user,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.tokens import counting

NEEDS = {Capability.FOLLOWS_INSTRUCTIONS}
# Another word in each place: nobody finds one by having seen the other request.
PLACES = {"start": "quince", "middle": "cherry", "end": "walnut"}
ASKED = " What is the code word? Answer with one short sentence."
_PLAIN = counting.filler(1_000)


def _told(name: str, place: str, text: str) -> Probe:
    """A text of two halves, one word told before, between or behind them."""
    parts = ["Read this text.", f"{text}.", f"{text}."]
    parts[list(PLACES).index(place)] += f" The code word is {PLACES[place]}."
    return Probe(
        name=f"{name}-{place}",
        messages=(user("".join(parts) + ASKED),),
        options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    )


SHORT = tuple(_told("recall", place, _PLAIN) for place in PLACES)
# Up to here the model card promises its quality.
LONG = tuple(
    replace(_told("recall-40k", place, FILL), fill=Fill(38_000)) for place in PLACES
)


def _recalled(*exchanges: Exchange) -> Findings:
    for exchange, (place, word) in zip(exchanges, PLACES.items(), strict=True):
        if word in exchange.answer.casefold():
            continue
        cut = ("length",) in exchange.finishes.values()
        if cut or not exchange.answer.strip():
            raise NotApplicable("no answer came, or it was cut; other checks say why")
        yield Finding(
            f"a word told at the {place} of a long text is not known at its end",
            expected=f"an answer with {word!r}",
            actual=shorten(exchange.answer),
            at=f"request {exchange.probe.name}",
        )


@check(
    "context.recalls-every-place",
    "A word told at the start, middle or end of a long text MUST be known afterwards.",
    source=OLLAMA,
    sends=SHORT,
    needs=NEEDS,
)
def recalls_every_place(*exchanges: Exchange) -> Findings:
    """By retrieval; `context.reads-every-place` says the same by counting alone."""
    yield from _recalled(*exchanges)


@check(
    "context.recalls-within-40k",
    "A word told anywhere in a text of 38,000 tokens SHOULD be known afterwards.",
    source="https://huggingface.co/mistralai/Magistral-Small-2509: up to 40k tokens",
    sends=LONG,
    needs=NEEDS,
    slow=True,
)
def recalls_within_40k(*exchanges: Exchange) -> Findings:
    yield from _recalled(*exchanges)


def _forgetful(reply: Reply, place: str, least: int) -> Reply:
    """*reply* of a model that never saw what stood at *place* of a long text."""
    said = "".join(m.text for m in reply.probe.messages) if reply.probe else ""
    if len(said) < least or f"The code word is {PLACES[place]}." not in said:
        return reply

    def vague(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        yield from (piece for piece in pieces if piece.kind is PieceKind.REASONING)
        yield Piece(PieceKind.ANSWER, "The text has no code word.", pieces[0].choice)

    return rewrite_pieces(reply, vague)


@fault(breaks=recalls_every_place, also=("context",))
def attends_to_the_ends(reply: Reply) -> Reply:
    """A sliding window keeps the beginning and the end, and counts all of it."""
    return _forgetful(reply, "middle", 0)


@fault(breaks=recalls_within_40k)
def first_half_evicted(reply: Reply) -> Reply:
    """The cache drops its oldest blocks once a prompt is long, and nobody is told."""
    return _forgetful(reply, "start", 100_000)
