"""Check that a stream loses nothing of what the same request gets as a whole."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.chunks import text_frames
from contract.checks.judging.both_forms import TWICE, pairs
from contract.checks.judging.difference import loss, most_is_lost
from contract.model.chat import PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probe import repeat
from contract.model.probes import SUM, SUM_WHOLE, UTF8, UTF8_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply
from contract.model.rewrite import rewrite_pieces


@check(
    "streaming.loses-nothing",
    "A stream MUST NOT lose or alter a part of what the same request gets as a whole.",
    source="BerriAI/litellm#27492; EricLBuehler/mistral.rs#63",
    sends=tuple(
        one
        for probe in (SUM, SUM_WHOLE, UTF8, UTF8_WHOLE)
        for one in repeat(probe, TWICE)
    ),
    needs={Capability.STREAMING},
    every=Scope.ANSWERS,
    across=True,
    combined=Combined(
        sends=(*repeat(SUM, TWICE), *repeat(SUM_WHOLE, TWICE), UTF8, UTF8_WHOLE)
    ),
)
def loses_nothing(*exchanges: Exchange) -> Findings:
    """
    Compares greedy requests that were sent both ways.

    A model may word the same answer in another way; what is only shorter, or altered
    letter by letter, was lost on the way.
    """
    compared = False
    for streamed, seen, wanted in pairs(exchanges):
        compared = True
        for (choice, kind, actual), (*_, expected) in zip(
            seen.texts, wanted.texts, strict=False
        ):
            if reason := loss(expected, actual) or most_is_lost(expected, actual):
                yield Finding(
                    f"the streamed {kind} is not the whole one: {reason}",
                    expected=shorten(spell(expected)),
                    actual=shorten(spell(actual)),
                    at=f"request {streamed.probe.name}, choice {choice}",
                )
    if not compared:
        raise NotApplicable("no greedy request was answered alike in both forms")


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
