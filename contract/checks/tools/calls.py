"""The tool calls of a reply, put together as a consumer does; and told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from contract.model.chat import (
    Json,
    Options,
    Piece,
    PieceKind,
    merge_calls,
)
from contract.model.check import (
    Finding,
    NotApplicable,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import (
    decode_reply,
    rewrite_pieces,
)
from contract.model.strict_json import (
    is_one_of,
    read_json,
)
from contract.schema.validate import mismatch

TOOLS = frozenset({Capability.TOOLS})


STREAMED_TOOLS = TOOLS | {Capability.STREAMING}


FORCED = STREAMED_TOOLS | {Capability.FORCED_TOOLS}


Object = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Called:
    """One call as a consumer has it at the end; *fragments* is how many made it."""

    choice: int
    index: int
    id: str | None
    name: str
    arguments: str
    fragments: int = 1

    @property
    def value(self) -> object:
        """The arguments as JSON, or MISSING."""
        return read_json(self.arguments.encode(errors="surrogatepass"))


def calls(exchange: Exchange) -> tuple[Called, ...]:
    """
    Every call of a reply in order; a new id begins a new call.

    Raises `NotApplicable` for a stream that does not call itself one.
    """
    if exchange.probe.stream and not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    found: dict[tuple[int, int, str | None], Called] = {}
    current: dict[tuple[int, int], str | None] = {}
    for _, piece in exchange.placed_pieces:
        if piece.kind is not PieceKind.TOOL or piece.call is None:
            continue
        strand = (piece.choice, piece.call.index)
        known_as = current[strand] = piece.call.id or current.get(strand)
        name = piece.call.name or ""
        if (known := found.get((*strand, known_as))) is None:
            found[(*strand, known_as)] = Called(*strand, known_as, name, piece.text)
        else:
            found[(*strand, known_as)] = replace(
                known,
                name=known.name or name,
                arguments=known.arguments + piece.text,
                fragments=known.fragments + 1,
            )
    return tuple(found.values())


def made(exchange: Exchange) -> tuple[Called, ...]:
    """The calls of a reply that was not cut; raises `NotApplicable` without any."""
    if was_cut(exchange):
        raise NotApplicable("the reply was cut before the call was complete")
    found = calls(exchange)
    if not found:
        raise NotApplicable("the model called no tool")
    return found


def was_cut(exchange: Exchange) -> bool:
    """Whether a reply says that max_tokens or the window ended it."""
    return exchange.finish in {"length", "model_length"}


def entries(exchange: Exchange) -> Iterator[tuple[int, Object, str]]:
    """Every tool call object as it was sent: its choice, itself, and where."""
    for chunk, choice in exchange.choices:
        part = choice.get("delta") if exchange.streamed else choice.get("message")
        listed = part.get("tool_calls") if isinstance(part, dict) else None
        index = choice.get("index")
        at = f"event {chunk.event}" if exchange.streamed else "the whole message"
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict):
                yield (index if isinstance(index, int) else 0), entry, at


def tools(exchange: Exchange) -> dict[str, Json]:
    """The schemas of the tools that were sent, by name, as they were sent."""
    found: dict[str, Json] = {}
    listed = exchange.sent.get("tools")
    for entry in listed if isinstance(listed, list) else ():
        function = entry.get("function") if isinstance(entry, dict) else None
        if isinstance(function, dict) and isinstance(name := function.get("name"), str):
            found[name] = function.get("parameters")
    return found


def misfits(exchange: Exchange, *, where: str) -> Iterator[Finding]:
    """A finding for each call whose arguments do not fit its tool's schema."""
    schemas = tools(exchange)
    known = [one for one in made(exchange) if one.name in schemas]
    if not known:
        raise NotApplicable("no call names a tool that was given")
    for one in known:
        if reason := mismatch(schemas[one.name], one.value):
            yield Finding(
                f"the arguments of {one.name} do not fit its schema: {reason}",
                expected=shorten(schemas[one.name]),
                actual=shorten(one.arguments) or "nothing",
                at=where,
            )


def at(exchange: Exchange) -> str:
    """Where in a reply something was seen, as a finding prints it."""
    kind = "stream" if exchange.streamed else "message"
    return f"the whole {kind} of {exchange.probe.name}"


def asked(reply: Reply) -> Options:
    """The options of the request that a reply answers; the defaults for none."""
    return reply.probe.options if reply.probe is not None else Options()


def forced(reply: Reply) -> bool:
    """Whether the request demanded a call."""
    return (asked(reply).tool_choice or "").startswith(("required", "="))


def calling(reply: Reply) -> bool:
    """Whether a reply calls a tool."""
    return any(piece.kind is PieceKind.TOOL for piece in decode_reply(reply).pieces)


def reargued(reply: Reply, change: Callable[[str], str]) -> Reply:
    """*reply* with the whole arguments of each call changed; they come in one piece."""

    def told(said: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in merge_calls(said):
            tool = piece.kind is PieceKind.TOOL
            yield replace(piece, text=change(piece.text)) if tool else piece

    return rewrite_pieces(reply, told) if calling(reply) else reply


def respelled(reply: Reply, change: Callable[[Object], None]) -> Reply:
    """*reply* with every tool call object, whole or fragment, changed in place."""

    def changed(value: Json) -> Json:
        for choice in _choices(value):
            for part in (choice.get("delta"), choice.get("message")):
                listed = part.get("tool_calls") if isinstance(part, dict) else None
                for entry in listed if isinstance(listed, list) else ():
                    if isinstance(entry, dict):
                        change(entry)
        return value

    return reply.change(changed)


def refinished(reply: Reply, before: frozenset[str], after: str) -> Reply:
    """*reply* with each finish reason of *before* replaced by *after*."""

    def changed(value: Json) -> Json:
        for choice in _choices(value):
            if is_one_of(choice.get("finish_reason"), before):
                choice["finish_reason"] = after
        return value

    return reply.change(changed)


def _choices(value: Json) -> Iterator[Object]:
    listed = value.get("choices") if isinstance(value, dict) else None
    for choice in listed if isinstance(listed, list) else ():
        if isinstance(choice, dict):
            yield choice
