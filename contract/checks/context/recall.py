"""Recall checks: a fact stated in a long text can be retrieved afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.sources import OLLAMA
from contract.model.chat import Options, Piece, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probe import FILL, Fill, Probe
from contract.model.probes import MAX_TOKENS, user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.tokens import counting

NEEDS = {Capability.FOLLOWS_INSTRUCTIONS}
# A different word in each place, so that no request gives away another's answer.
PLACES = {"start": "quince", "middle": "cherry", "end": "walnut"}
QUESTION = " What is the code word? Answer with one short sentence."
_FILLER = counting.filler(1_000)


def _recall_probe(name: str, place: str, text: str) -> Probe:
    """Return a request that states a word before, between or after two texts."""
    parts = ["Read this text.", f"{text}.", f"{text}."]
    parts[list(PLACES).index(place)] += f" The code word is {PLACES[place]}."
    return Probe(
        name=f"{name}-{place}",
        messages=(user("".join(parts) + QUESTION),),
        options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    )


SHORT = tuple(_recall_probe("recall", place, _FILLER) for place in PLACES)
# The model card recommends prompts of up to 40k tokens.
LONG = tuple(
    replace(_recall_probe("recall-40k", place, FILL), fill=Fill(38_000))
    for place in PLACES
)


def _recalled(*exchanges: Exchange) -> Findings:
    for exchange, (place, word) in zip(exchanges, PLACES.items(), strict=True):
        if word in exchange.answer.casefold():
            continue
        cut = ("length",) in exchange.finishes.values()
        if cut or not exchange.answer.strip():
            raise NotApplicable("the answer is empty or truncated; see other checks")
        yield Finding(
            f"a word stated at the {place} of a long text was not recalled",
            expected=f"an answer with {spell(word)}",
            actual=shorten(exchange.answer),
            at=f"request {exchange.probe.name}",
        )


@check(
    "context.recalls-every-place",
    "A word stated at the start, middle or end of a long text MUST be recalled.",
    source=OLLAMA,
    sends=SHORT,
    needs=NEEDS,
)
def recalls_every_place(*exchanges: Exchange) -> Findings:
    """Retrieval; `context.reads-every-place` tests the same by token counts alone."""
    yield from _recalled(*exchanges)


@check(
    "context.recalls-within-40k",
    "A word stated anywhere in a text of 38,000 tokens SHOULD be recalled.",
    source="https://huggingface.co/mistralai/Magistral-Small-2509: up to 40k tokens",
    sends=LONG,
    needs=NEEDS,
    slow=True,
)
def recalls_within_40k(*exchanges: Exchange) -> Findings:
    yield from _recalled(*exchanges)


def _forgetful(reply: Reply, place: str, least: int) -> Reply:
    """
    Return *reply* as if the model had not seen the word at *place* of a long text.

    Prompts of fewer than *least* characters are left alone.
    """
    prompt = "".join(m.text for m in reply.probe.messages) if reply.probe else ""
    if len(prompt) < least or f"The code word is {PLACES[place]}." not in prompt:
        return reply

    def evasive(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        yield from (piece for piece in pieces if piece.kind is PieceKind.REASONING)
        yield Piece(PieceKind.ANSWER, "The text has no code word.", pieces[0].choice)

    return rewrite_pieces(reply, evasive)


@fault(breaks=recalls_every_place, also=("context",))
def attends_to_the_ends(reply: Reply) -> Reply:
    """A sliding window keeps the beginning and the end but counts the whole prompt."""
    return _forgetful(reply, "middle", 0)


@fault(breaks=recalls_within_40k)
def first_half_evicted(reply: Reply) -> Reply:
    """The KV cache silently evicts its oldest blocks once a prompt is long."""
    return _forgetful(reply, "start", 100_000)
