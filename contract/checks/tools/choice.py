"""That tool_choice and parallel_tool_calls are obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.sources import (
    MISTRAL_TOOLS,
    OPENAI_TOOLS,
    VLLM_TOOLS,
)
from contract.checks.tools.asking import (
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
from contract.checks.tools.calls import (
    FORCED,
    STREAMED_TOOLS,
    Object,
    asked,
    at,
    calling,
    calls,
    forced,
    respelled,
    tools,
    was_cut,
)
from contract.model.chat import (
    Call,
    Piece,
    PieceKind,
    merge_calls,
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
from contract.model.probes import WEATHER
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces


@check(
    "tools.required-is-called",
    "A request with tool_choice required (any) MUST be answered with a call of a tool "
    "that was given.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}",
    sends=(REQUIRED, REQUIRED_WHOLE),
    needs=FORCED,
)
def required_is_called(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if was_cut(exchange):
            raise NotApplicable("the reply was cut before the call was complete")
        names = [one.name for one in calls(exchange)]
        given = tools(exchange)
        if not names or not set(names) <= set(given):
            yield Finding(
                "no tool was called" if not names else "another tool was called",
                expected=f"a call of {', '.join(given)}",
                actual=", ".join(names) or shorten(exchange.answer) or "nothing",
                at=at(exchange),
            )


@fault(breaks=required_is_called)
def required_taken_as_auto(reply: Reply) -> Reply:
    """The gateway drops tool_choice, and the model answers in words instead."""
    if asked(reply).tool_choice != "required":
        return reply
    return rewrite_pieces(reply, _in_words)


def _in_words(said: tuple[Piece, ...]) -> tuple[Piece, ...]:
    if not any(piece.kind is PieceKind.TOOL for piece in said):
        return said
    rest = tuple(piece for piece in said if piece.kind is not PieceKind.TOOL)
    return (*rest, Piece(PieceKind.ANSWER, "I would have to look.", said[0].choice))


@check(
    "tools.named-is-called",
    "A request that names a tool in tool_choice MUST be answered with a call of it.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}",
    sends=(NAMED, NAMED_WHOLE),
    needs=STREAMED_TOOLS | {Capability.NAMED_TOOLS},
)
def named_is_called(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if was_cut(exchange):
            raise NotApplicable("the reply was cut before the call was complete")
        names = {one.name for one in calls(exchange)}
        if names != {WEATHER.name}:
            yield Finding(
                "the named tool was not called",
                expected=f"a call of {WEATHER.name}",
                actual=", ".join(sorted(names)) or shorten(exchange.answer) or "none",
                at=at(exchange),
            )


@fault(breaks=named_is_called)
def first_tool_called(reply: Reply) -> Reply:
    """A named choice is taken as required, and another tool is called (llama.cpp)."""
    options = asked(reply)
    if not (options.tool_choice or "").startswith("="):
        return reply
    others = [t.name for t in options.tools if t.name != options.tool_choice[1:]]  # type: ignore[index]  # begins with =
    other = others[0] if others else CLOCK.name

    def renamed(entry: Object) -> None:
        function = entry.get("function")
        if isinstance(function, dict) and function.get("name"):
            function["name"] = other

    return respelled(reply, renamed)


@check(
    "tools.none-calls-nothing",
    "A reply to tool_choice none MUST NOT call a tool.",
    source=f"{MISTRAL_TOOLS}; {OPENAI_TOOLS}",
    sends=(NONE, NONE_WHOLE),
    needs=STREAMED_TOOLS,
    unless="tool-choice-ignored",
)
def none_calls_nothing(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.pieces:
            raise NotApplicable("the reply says nothing")
        for one in calls(exchange):
            yield Finding(
                "a tool was called that must not be",
                expected="an answer in words",
                actual=f"{one.name}({shorten(one.arguments)})",
                at=at(exchange),
            )


@fault(breaks=none_calls_nothing)
def none_taken_as_auto(reply: Reply) -> Reply:
    """A relay keeps the tools and loses the tool_choice that forbids them."""
    options = asked(reply)
    if options.tool_choice != "none" or not options.tools or options.response_format:
        return reply

    def called(said: tuple[Piece, ...]) -> Iterator[Piece]:
        yield from (piece for piece in said if piece.kind is PieceKind.REASONING)
        begun = Call(0, "w3ath3r01", WEATHER.name)
        yield Piece(PieceKind.TOOL, '{"city": "Paris"}', said[0].choice, begun)

    return rewrite_pieces(reply, called)


@check(
    "tools.parallel-false-calls-once",
    "A reply to parallel_tool_calls false MUST NOT make more than one call.",
    source=f"{MISTRAL_TOOLS}; {VLLM_TOOLS}",
    sends=(ONE, ONE_WHOLE),
    needs=STREAMED_TOOLS | {Capability.PARALLEL_TOOLS},
)
def parallel_false_calls_once(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        found = calls(exchange)
        if not found:
            raise NotApplicable("the model called no tool")
        if len(found) > 1:
            yield Finding(
                "several tools were called at once",
                expected="one call",
                actual=", ".join(f"{o.name}({shorten(o.arguments)})" for o in found),
                at=at(exchange),
            )


@fault(breaks=parallel_false_calls_once)
def parallel_false_forgotten(reply: Reply) -> Reply:
    """A gateway does not know parallel_tool_calls and leaves it out."""
    if asked(reply).parallel_tool_calls is not False or not calling(reply):
        return reply

    def again(said: tuple[Piece, ...]) -> Iterator[Piece]:
        *rest, last = merge_calls(said)
        yield from (*rest, last)
        if last.call is not None:
            begun = replace(last.call, index=last.call.index + 1, id="w3ath3r02")
            yield replace(last, call=begun)

    return rewrite_pieces(reply, again)


@check(
    "tools.forced-call-stands-alone",
    "A forced call SHOULD come without an answer beside it.",
    source=f"house rule; {OPENAI_TOOLS}",
    sends=(REQUIRED, REQUIRED_WHOLE),
    needs=FORCED,
)
def forced_call_stands_alone(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not calls(exchange):
            raise NotApplicable("the model called no tool")
        if exchange.answer.strip():
            yield Finding(
                "an answer came with the forced call",
                expected='content null, "" or without text',
                actual=shorten(exchange.answer),
                at=at(exchange),
            )


@fault(breaks=forced_call_stands_alone)
def forced_call_announced(reply: Reply) -> Reply:
    """A relay announces in words what the model is about to do."""
    if not forced(reply) or not calling(reply):
        return reply

    def announced(said: tuple[Piece, ...]) -> Iterator[Piece]:
        done = False
        for piece in said:
            if piece.kind is PieceKind.TOOL and not done:
                done = True
                yield Piece(PieceKind.ANSWER, "Let me look. ", piece.choice)
            yield piece

    return rewrite_pieces(reply, announced)
