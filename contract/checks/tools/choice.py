"""Checks that tool_choice and parallel_tool_calls are obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.judging.answered import is_cut_off
from contract.checks.sources import MISTRAL_TOOLS, OPENAI_TOOLS, VLLM_TOOLS
from contract.checks.tools.calls import (
    FORCED,
    STREAMED_TOOLS,
    Object,
    calls,
    has_calls,
    reply_location,
    request_options,
    requires_call,
    rewrite_calls,
    tool_schemas,
)
from contract.checks.tools.probes import (
    CLOCK,
    NAMED,
    NAMED_WHOLE,
    NONE,
    NONE_WHOLE,
    ONE,
    ONE_WHOLE,
    REQUIRED,
    REQUIRED_WHOLE,
)
from contract.model.chat import Call, Piece, PieceKind, merge_calls
from contract.model.check import Finding, Findings, NotApplicable, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.probes import WEATHER
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.portable.requirement import decided
from contract.portable.schemas import (
    ANYTHING,
    BLANK,
    FORMED,
    NOTHING,
    SOMETHING,
    both,
    every,
    has,
    single,
)


@check(
    "tools.required-is-called",
    "A request with tool_choice required (any) MUST be answered with a call of a tool "
    "from the request.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}",
    sends=(REQUIRED, REQUIRED_WHOLE),
    needs=FORCED,
)
@decided(
    has(calls=both(SOMETHING, every(has(declared=True)))),
    when=both(FORMED, has(cutOff=False)),
)
def required_is_called(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if is_cut_off(exchange):
            raise NotApplicable("the reply was cut off before the call was complete")
        names = [one.name for one in calls(exchange)]
        defined = tool_schemas(exchange)
        if not names or not set(names) <= set(defined):
            yield Finding(
                "an undefined tool was called" if names else "no tool was called",
                expected=f"a call of {', '.join(defined)}",
                actual=", ".join(names) or shorten(exchange.answer) or "nothing",
                at=reply_location(exchange),
            )


@fault(breaks=required_is_called, also=("tools.required-forces-a-call",))
def required_taken_as_auto(reply: Reply) -> Reply:
    """A gateway drops tool_choice, so the model answers with text."""
    if request_options(reply).tool_choice != "required":
        return reply
    return rewrite_pieces(reply, _replace_calls_with_text)


def _replace_calls_with_text(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    rest = tuple(piece for piece in pieces if piece.kind is not PieceKind.TOOL)
    if len(rest) == len(pieces):
        return pieces
    return (*rest, Piece(PieceKind.ANSWER, "I would have to look.", pieces[0].choice))


@check(
    "tools.named-is-called",
    "A request that names a tool in tool_choice MUST be answered with a call of it.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}",
    sends=(NAMED, NAMED_WHOLE),
    needs=STREAMED_TOOLS | {Capability.NAMED_TOOLS},
)
@decided(
    has(calls=both(SOMETHING, every(has(name=WEATHER.name)))),
    when=both(FORMED, has(cutOff=False)),
)
def named_is_called(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if is_cut_off(exchange):
            raise NotApplicable("the reply was cut off before the call was complete")
        names = {one.name for one in calls(exchange)}
        if names != {WEATHER.name}:
            yield Finding(
                "the named tool was not called",
                expected=f"a call of {WEATHER.name}",
                actual=", ".join(sorted(names)) or shorten(exchange.answer) or "none",
                at=reply_location(exchange),
            )


@fault(breaks=named_is_called, also=("tools.named-forces-a-call",))
def first_tool_called(reply: Reply) -> Reply:
    """A named tool_choice is treated as required; llama.cpp then calls any tool."""
    options = request_options(reply)
    if not (options.tool_choice or "").startswith("="):
        return reply
    others = [t.name for t in options.tools if t.name != options.tool_choice[1:]]  # type: ignore[index]  # begins with =
    other = others[0] if others else CLOCK.name

    def rename(call: Object) -> None:
        function = call.get("function")
        if isinstance(function, dict) and function.get("name"):
            function["name"] = other

    return rewrite_calls(reply, rename)


@check(
    "tools.none-calls-nothing",
    "A reply to tool_choice none MUST NOT call a tool.",
    source=f"{MISTRAL_TOOLS}; {OPENAI_TOOLS}",
    sends=(NONE, NONE_WHOLE),
    needs=STREAMED_TOOLS,
    unless="tool-choice-ignored",
)
@decided(has(calls=NOTHING), when=both(FORMED, has(hasPieces=True)))
def none_calls_nothing(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.pieces:
            raise NotApplicable("the reply has no text and no tool call")
        for one in calls(exchange):
            yield Finding(
                "a tool was called despite tool_choice none",
                expected="an answer in text",
                actual=f"{one.name}({shorten(one.arguments)})",
                at=reply_location(exchange),
            )


@fault(breaks=none_calls_nothing)
def none_taken_as_auto(reply: Reply) -> Reply:
    """A relay forwards the tools but drops the tool_choice that forbids calls."""
    options = request_options(reply)
    if options.tool_choice != "none" or not options.tools or options.response_format:
        return reply

    def replace_answer_with_call(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        yield from (piece for piece in pieces if piece.kind is PieceKind.REASONING)
        call = Call(0, "w3ath3r01", WEATHER.name)
        yield Piece(PieceKind.TOOL, '{"city": "Paris"}', pieces[0].choice, call)

    return rewrite_pieces(reply, replace_answer_with_call)


@check(
    "tools.parallel-false-calls-once",
    "A reply to parallel_tool_calls false MUST NOT make more than one call.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}",
    sends=(ONE, ONE_WHOLE),
    needs=STREAMED_TOOLS | {Capability.PARALLEL_TOOLS},
)
@decided(has(calls=single(ANYTHING)), when=both(FORMED, has(calls=SOMETHING)))
def parallel_false_calls_once(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        found = calls(exchange)
        if not found:
            raise NotApplicable("the model called no tool")
        if len(found) > 1:
            yield Finding(
                "the reply has parallel calls",
                expected="one call",
                actual=", ".join(f"{o.name}({shorten(o.arguments)})" for o in found),
                at=reply_location(exchange),
            )


@fault(breaks=parallel_false_calls_once)
def parallel_false_forgotten(reply: Reply) -> Reply:
    """A gateway does not support parallel_tool_calls and drops it."""
    parallel = request_options(reply).parallel_tool_calls
    if parallel is not False or not has_calls(reply):
        return reply

    def repeat_last_call(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        *before, last = merge_calls(pieces)
        yield from (*before, last)
        if last.call is not None:
            second = replace(last.call, index=last.call.index + 1, id="w3ath3r02")
            yield replace(last, call=second)

    return rewrite_pieces(reply, repeat_last_call)


@check(
    "tools.forced-call-stands-alone",
    "A reply with a forced call SHOULD NOT contain an answer.",
    source=f"house rule; {OPENAI_TOOLS}",
    sends=(REQUIRED, REQUIRED_WHOLE),
    needs=FORCED,
)
@decided(has(answer=BLANK), when=both(FORMED, has(calls=SOMETHING)))
def forced_call_stands_alone(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not calls(exchange):
            raise NotApplicable("the model called no tool")
        if exchange.answer.strip():
            yield Finding(
                "the reply has an answer in addition to the forced call",
                expected='content null, "" or without text',
                actual=shorten(exchange.answer),
                at=reply_location(exchange),
            )


@fault(breaks=forced_call_stands_alone)
def forced_call_announced(reply: Reply) -> Reply:
    """A relay inserts text that announces the call."""
    if not requires_call(reply) or not has_calls(reply):
        return reply

    def announce(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        announced = False
        for piece in pieces:
            if piece.kind is PieceKind.TOOL and not announced:
                announced = True
                yield Piece(PieceKind.ANSWER, "Let me look. ", piece.choice)
            yield piece

    return rewrite_pieces(reply, announce)
