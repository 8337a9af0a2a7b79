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
from contract.checks.tools.probes import (
    ALARMS,
    FORCED_STRICTLY,
    GREETING,
    NAMED,
    NAMED_WHOLE,
    NAMED_WITHOUT,
    REQUIRED,
    REQUIRED_WHOLE,
)
from contract.model.chat import Piece, PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import WEATHER
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.portable.requirement import decided
from contract.portable.schemas import FORMED, SOMETHING, both, every, has

GREETED = replace(REQUIRED, name="greeting-required-streamed", messages=GREETING)
GREETED_WHOLE = replace(
    REQUIRED_WHOLE, name="greeting-required-whole", messages=GREETING
)
GREETED_NAMED = replace(NAMED, name="greeting-named-streamed", messages=GREETING)
GREETED_NAMED_WHOLE = replace(
    NAMED_WHOLE, name="greeting-named-whole", messages=GREETING
)


@check(
    "tools.required-forces-a-call",
    "A request with tool_choice required (any) MUST be answered with a call, even if "
    "its message needs no tool.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}; {OPENAI_TOOLS}",
    sends=(GREETED, GREETED_WHOLE),
    combined=Combined(
        sends=FORCED_STRICTLY, needs=frozenset({Capability.STRICT_TOOLS})
    ),
    needs=FORCED,
)
@decided(has(calls=SOMETHING), when=both(FORMED, has(cutOff=False)))
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


def _named_is_called(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if {one.name for one in calls(exchange)} != {ALARMS.name}:
            yield Finding("the named tool was not called")


@check(
    "tools.named-forces-a-call",
    "A request that names a tool in tool_choice MUST be answered with a call of it, "
    "even if its message needs no tool.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}; {OPENAI_TOOLS}",
    sends=(GREETED_NAMED, GREETED_NAMED_WHOLE),
    combined=Combined(sends=NAMED_WITHOUT, judge=_named_is_called),
    needs=FORCED | {Capability.NAMED_TOOLS},
)
@decided(
    has(calls=both(SOMETHING, every(has(name=WEATHER.name)))),
    when=both(FORMED, has(cutOff=False)),
)
def named_forces_a_call(*exchanges: Exchange) -> Findings:
    """The named tool is the second one: a server that only requires calls the first."""
    for exchange in exchanges:
        if is_cut_off(exchange):
            raise NotApplicable("the reply was cut off before the call was complete")
        names = [one.name for one in calls(exchange)]
        if set(names) != {WEATHER.name}:
            yield Finding(
                "the named tool was not called",
                expected=f"a call of {WEATHER.name}",
                actual=", ".join(names) or shorten(exchange.answer) or "nothing",
                at=reply_location(exchange),
            )


@fault(breaks=named_forces_a_call)
def named_left_to_the_model(reply: Reply) -> Reply:
    """A gateway drops the tool that tool_choice names, so the model may answer."""
    named = (request_options(reply).tool_choice or "").startswith("=")
    messages = reply.probe.messages if reply.probe is not None else ()
    if not named or messages[-1:] != GREETING:
        return reply
    return rewrite_pieces(reply, _greeted)


@fault(breaks=required_forces_a_call)
def required_left_to_the_model(reply: Reply) -> Reply:
    """A gateway turns required into auto, so the model calls a tool if it wants to."""
    messages = reply.probe.messages if reply.probe is not None else ()
    if request_options(reply).tool_choice != "required" or messages[-1:] != GREETING:
        return reply
    return rewrite_pieces(reply, _greeted)


def _greeted(pieces: tuple[Piece, ...]) -> list[Piece]:
    """Return *pieces* with a greeting in place of a call."""
    kept = [piece for piece in pieces if piece.kind is not PieceKind.TOOL]
    if len(kept) == len(pieces):
        return kept
    return [*kept, Piece(PieceKind.ANSWER, "Good morning!", pieces[0].choice)]
