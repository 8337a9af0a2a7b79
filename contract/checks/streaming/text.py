"""Checks of the text in a stream: present, intact, complete and incremental."""

from __future__ import annotations

import re

from contract.checks.faults.chunks import choices_of, chunk_of, map_chunks, text_frames
from contract.checks.judging.answered import WITHOUT_TEXT, generated_nothing, is_cut_off
from contract.checks.judging.chunks import (
    Object,
    chunk_objects,
    uncut_pieces,
)
from contract.model.chat import Json, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    event_location,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM, SUM_WHOLE, TOOL, UTF8
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply
from contract.model.strict_json import MISSING, read_json
from contract.model.token_limit import asked_limit
from contract.portable.requirement import decided
from contract.portable.schemas import anything_but, at_most, both, has

STREAMING = {Capability.STREAMING}
REPLACEMENT = "\ufffd"
HELD_BACK = 4  # tokens that a parser may keep when max_tokens cuts the reply off
# Surrogates are what remains of a character whose halves were decoded apart.
DAMAGE = re.compile(f"[{REPLACEMENT}\ud800-\udfff]")


@check(
    "streaming.carries-text",
    "A stream MUST contain text or a tool call.",
    source="OpenAI API reference, streaming; BerriAI/litellm#16272",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(
    has(hasPieces=True),
    when=both(
        has(streamed=True),
        anything_but(has(usage=has(completion_tokens=at_most(WITHOUT_TEXT)))),
        anything_but(has(finish="length", request=has(maxTokens=at_most(HELD_BACK)))),
    ),
)
def carries_text(exchange: Exchange) -> Findings:
    if not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    if generated_nothing(exchange):
        raise NotApplicable("the model generated nothing but control tokens")
    limit = asked_limit(exchange.sent)
    if exchange.finish == "length" and limit is not None and limit <= HELD_BACK:
        raise NotApplicable("a parser may hold back so few tokens")
    if not exchange.pieces:
        yield Finding(
            "the stream has no text and no tool call",
            "reasoning, an answer or a tool call",
            f"{exchange.event_count} events without text",
        )


@fault(
    breaks=carries_text,
    also=(
        "reasoning",
        "usage",
        "latency",
        "streaming.choices-stay-apart",
        "streaming.equals-whole",
        "streaming.loses-nothing",
        "streaming.tool-fragments-join",
        "tools",
        "structured",
    ),
)
def text_swallowed(reply: Reply) -> Reply:
    """A relay drops every delta whose content it cannot parse."""
    dropped = set(text_frames(reply))
    # A call that comes with its finish reason is kept, so such a stream is not empty.
    if not dropped or any(_finishes(reply.frames[n]) for n in dropped):
        return reply
    return reply.with_frames(
        frame for number, frame in enumerate(reply.frames) if number not in dropped
    )


def _finishes(frame: Frame) -> bool:
    """Return whether the chunk in *frame* has a finish reason."""
    return any(choice.get("finish_reason") for choice in choices_of(chunk_of(frame)))


@check(
    "streaming.utf8-intact",
    "Text in a stream MUST consist of whole characters.",
    source="RFC 3629; WHATWG HTML 9.2.5",
    sends=UTF8,
    needs=STREAMING,
    every=Scope.STREAMS,
)
def utf8_intact(exchange: Exchange) -> Findings:
    chunk_objects(exchange)
    broken = False
    damaged = any(DAMAGE.search(piece.text) for piece in exchange.pieces)
    for held, piece in uncut_pieces(exchange) if damaged else ():
        if DAMAGE.search(piece.text):
            broken = True
            yield Finding(
                "a character is damaged",
                "whole characters",
                shorten(spell(piece.text, escape=True)),
                event_location(held.event, held.at),
            )
    for flaw in exchange.flaws:
        if not flaw.legal and "UTF-8" in flaw.message:
            broken = True
            yield Finding(
                "an event is not UTF-8", "UTF-8", flaw.message, f"event {flaw.event}"
            )
    if not broken and all(piece.text.isascii() for piece in exchange.pieces):
        raise NotApplicable("the reply has no character of more than one byte")


@fault(
    breaks=utf8_intact,
    also=(
        "languages.streamed-equals-whole",
        "streaming.equals-whole",
    ),
)
def characters_split(reply: Reply) -> Reply:
    """Tokens are decoded one at a time, so part of a character becomes U+FFFD."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            choice["delta"] = _damage_characters(choice.get("delta"))
        return value

    return map_chunks(reply, change)


def _damage_characters(value: Json) -> Json:
    """Return *value* with all non-ASCII characters in its strings replaced."""
    if isinstance(value, str):
        return "".join(c if c.isascii() else REPLACEMENT for c in value)
    if isinstance(value, list):
        return [_damage_characters(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _damage_characters(entry) for name, entry in value.items()}
    return value


@check(
    "streaming.equals-whole",
    "A request with a seed SHOULD get the same text streamed and not streamed.",
    source="house rule; vllm-project/vllm#30391, BerriAI/litellm#16272",
    sends=(SUM, SUM_WHOLE),
    needs=STREAMING | {Capability.SEED},
)
def equals_whole(streamed: Exchange, whole: Exchange) -> Findings:
    """Outer white space is ignored: some servers trim non-streamed answers."""
    chunk_objects(streamed)
    if not whole.choices:
        raise NotApplicable("the non-streamed response has no choice")
    if not streamed.pieces and not whole.pieces:
        raise NotApplicable("neither response has text")
    for name, seen, wanted in (
        ("reasoning", streamed.reasoning, whole.reasoning),
        ("answer", streamed.answer, whole.answer),
    ):
        if seen.strip() != wanted.strip():
            yield Finding(
                f"the streamed {name} differs from the non-streamed {name}",
                shorten(wanted) or "nothing",
                shorten(seen) or "nothing",
            )


@fault(
    breaks=equals_whole,
    also=(
        *("languages", "sampling", "conversation", "usage", "reasoning", "structured"),
        "streaming.loses-nothing",
    ),
)
def delta_dropped(reply: Reply) -> Reply:
    """A relay loses one delta in the middle of the answer."""
    answers = [n for n in text_frames(reply, frozenset({PieceKind.ANSWER})) if n]
    inner = answers[1:-1]  # the first and the last delta stay
    if not inner:
        return reply
    dropped = answers[len(answers) // 2]
    return reply.with_frames(f for n, f in enumerate(reply.frames) if n != dropped)


@check(
    "streaming.tool-fragments-join",
    "The argument fragments of a streamed tool call MUST join to one JSON object "
    "under one name.",
    source="OpenAI API reference, delta.tool_calls; vllm-project/vllm#20028",
    sends=TOOL,
    needs=STREAMING | {Capability.TOOLS},
    every=Scope.STREAMS,
)
def tool_fragments_join(exchange: Exchange) -> Findings:
    chunk_objects(exchange)
    if is_cut_off(exchange):
        raise NotApplicable("the reply was cut off; its arguments may be incomplete")
    calls = _calls(exchange)
    if not calls:
        raise NotApplicable("the model called no tool")
    for number, (name, arguments) in enumerate(calls):
        value = read_json(arguments.encode(errors="surrogatepass"))
        if value is MISSING or not isinstance(value, dict):
            yield Finding(
                f"the arguments of call {number} are not a JSON object",
                "a JSON object",
                shorten(arguments) or "nothing",
            )
        if not name:
            yield Finding(f"call {number} has no name", "the function's name", "none")


def _calls(exchange: Exchange) -> list[tuple[str, str]]:
    """Return name and arguments of every call; a new id starts a new call."""
    found: dict[tuple[int, int, str | None], tuple[str, str]] = {}
    current: dict[tuple[int, int], str | None] = {}
    for _, piece in exchange.folded_pieces:
        if piece.kind is not PieceKind.TOOL or piece.call is None:
            continue
        position = (piece.choice, piece.call.index)
        identity = current[position] = piece.call.id or current.get(position)
        name, arguments = found.get((*position, identity), ("", ""))
        found[(*position, identity)] = (
            name + (piece.call.name or ""),
            arguments + piece.text,
        )
    return list(found.values())


@fault(breaks=tool_fragments_join, also=("usage", "reasoning", "tools"))
def brace_twice(reply: Reply) -> Reply:
    """The tool call parser sends the closing brace twice when the model stops."""
    calling = text_frames(reply, frozenset({PieceKind.TOOL}))
    if not calling:
        return reply

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            delta = choice.get("delta")
            calls = delta.get("tool_calls") if isinstance(delta, dict) else None
            for call in calls if isinstance(calls, list) else ():
                function = call.get("function") if isinstance(call, dict) else None
                if isinstance(function, dict):
                    arguments = function.get("arguments")
                    if isinstance(arguments, str):
                        function["arguments"] = arguments + "}"
        return value

    last = calling[-1]
    changed = map_chunks(reply.with_frames(reply.frames[last : last + 1]), change)
    frames = (*reply.frames[:last], *changed.frames, *reply.frames[last + 1 :])
    return reply.with_frames(frames)
