"""Checks that a forced call is made where the model would rather answer."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.answered import is_cut_off
from contract.checks.sources import MISTRAL_TOOLS, OPENAI_TOOLS, VLLM_TOOLS
from contract.checks.tools.calls import (
    FORCED,
    calls,
    reply_location,
    request_options,
)
from contract.checks.tools.probes import REQUIRED, REQUIRED_WHOLE
from contract.model.chat import Message, Piece, PieceKind
from contract.model.check import Finding, Findings, NotApplicable, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.probes import user
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

GREETING: tuple[Message, ...] = (user("Good morning!"),)
GREETED = replace(REQUIRED, name="greeting-required-streamed", messages=GREETING)
GREETED_WHOLE = replace(
    REQUIRED_WHOLE, name="greeting-required-whole", messages=GREETING
)


@check(
    "tools.required-forces-a-call",
    "A request with tool_choice required (any) MUST be answered with a call, even if "
    "its message needs no tool.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}; {OPENAI_TOOLS}",
    sends=(GREETED, GREETED_WHOLE),
    needs=FORCED,
)
def required_forces_a_call(*exchanges: Exchange) -> Findings:
    """To a greeting no model calls a tool by itself, so the server must force it."""
    for exchange in exchanges:
        if is_cut_off(exchange):
            raise NotApplicable("the reply was cut off before the call was complete")
        if not calls(exchange):
            yield Finding(
                "no tool was called, although tool_choice requires it",
                expected="a call of get_weather",
                actual=shorten(exchange.answer) or "nothing",
                at=reply_location(exchange),
            )


@fault(breaks=required_forces_a_call)
def required_left_to_the_model(reply: Reply) -> Reply:
    """A gateway turns required into auto, so the model calls a tool if it wants to."""
    messages = reply.probe.messages if reply.probe is not None else ()
    if request_options(reply).tool_choice != "required" or messages[-1:] != GREETING:
        return reply

    def greeted(pieces: tuple[Piece, ...]) -> list[Piece]:
        kept = [piece for piece in pieces if piece.kind is not PieceKind.TOOL]
        if len(kept) == len(pieces):
            return kept
        return [*kept, Piece(PieceKind.ANSWER, "Good morning!", pieces[0].choice)]

    return rewrite_pieces(reply, greeted)
