"""Assembly, judging and rewriting of the tool calls of a reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from contract.checks.judging.answered import is_cut_off
from contract.model.chat import Json, Options, Piece, PieceKind, merge_calls
from contract.model.check import Finding, Findings, NotApplicable, shorten
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_pieces
from contract.model.strict_json import is_one_of, read_json
from contract.portable.schemas import FORMED, SOMETHING, both, has
from contract.schema.validate import mismatch

TOOLS = frozenset({Capability.TOOLS})
STREAMED_TOOLS = TOOLS | {Capability.STREAMING}
FORCED = STREAMED_TOOLS | {Capability.FORCED_TOOLS}
Object = dict[str, Json]
# The replies in which `complete_calls` finds a call.
CALLED = both(FORMED, has(cutOff=False, calls=SOMETHING))


@dataclass(frozen=True, slots=True)
class AssembledCall:
    """One tool call, joined from all of its fragments."""

    # The index of the choice that contains the call.
    choice: int
    # The index of the call in the choice.
    index: int
    # The id of the call; None if no fragment has one.
    id: str | None
    # The name of the tool; empty if no fragment has one.
    name: str
    # The arguments as they were sent: JSON text, possibly invalid.
    arguments: str
    # The number of fragments; 1 in a reply that is not streamed.
    fragments: int = 1

    @property
    def value(self) -> object:
        """The arguments parsed as JSON, or MISSING."""
        return read_json(self.arguments.encode(errors="surrogatepass"))


def calls(exchange: Exchange) -> tuple[AssembledCall, ...]:
    """
    Return every call of a reply in order; a new id starts a new call.

    Raises `NotApplicable` if the reply to a streaming request is not an event stream.
    """
    if exchange.probe.stream and not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    found: dict[tuple[int, int, str | None], AssembledCall] = {}
    current: dict[tuple[int, int], str | None] = {}
    for _, piece in exchange.folded_pieces:
        if piece.kind is not PieceKind.TOOL or piece.call is None:
            continue
        position = (piece.choice, piece.call.index)
        call_id = current[position] = piece.call.id or current.get(position)
        name = piece.call.name or ""
        key = (*position, call_id)
        if (known := found.get(key)) is None:
            found[key] = AssembledCall(*key, name, piece.text)
        else:
            found[key] = replace(
                known,
                name=known.name or name,
                arguments=known.arguments + piece.text,
                fragments=known.fragments + 1,
            )
    return tuple(found.values())


def complete_calls(exchange: Exchange) -> tuple[AssembledCall, ...]:
    """Return the calls of a reply; raises `NotApplicable` if none or cut off."""
    if is_cut_off(exchange):
        raise NotApplicable("the reply was cut off before the call was complete")
    found = calls(exchange)
    if not found:
        raise NotApplicable("the model called no tool")
    return found


def call_objects(exchange: Exchange) -> Iterator[tuple[int, Object, str]]:
    """Yield the choice index, object and location of each tool call object sent."""
    for chunk, choice in exchange.folded_choices:
        part = choice.get("delta") if exchange.streamed else choice.get("message")
        listed = part.get("tool_calls") if isinstance(part, dict) else None
        index = choice.get("index")
        at = f"event {chunk.event}" if exchange.streamed else "the whole message"
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict):
                yield (index if isinstance(index, int) else 0), entry, at


def tool_schemas(exchange: Exchange) -> dict[str, Json]:
    """Return the JSON Schemas of the tools in the request, by name."""
    found: dict[str, Json] = {}
    listed = exchange.sent.get("tools")
    for entry in listed if isinstance(listed, list) else ():
        function = entry.get("function") if isinstance(entry, dict) else None
        if isinstance(function, dict) and isinstance(name := function.get("name"), str):
            found[name] = function.get("parameters")
    return found


def arguments_match_schema(exchange: Exchange) -> Findings:
    """Yield a finding for each call whose arguments violate the tool's schema."""
    schemas = tool_schemas(exchange)
    known = [one for one in complete_calls(exchange) if one.name in schemas]
    if not known:
        raise NotApplicable("no call names a tool from the request")
    for one in known:
        if reason := mismatch(schemas[one.name], one.value):
            yield Finding(
                f"the arguments of {one.name} do not satisfy its schema: {reason}",
                expected=shorten(schemas[one.name]),
                actual=shorten(one.arguments) or "nothing",
                at=reply_location(exchange),
            )


def reply_location(exchange: Exchange) -> str:
    """Return the location of a finding about the whole reply."""
    kind = "stream" if exchange.streamed else "message"
    return f"the whole {kind} of {exchange.probe.name}"


def request_options(reply: Reply) -> Options:
    """Return the options of the request; the defaults if it was not understood."""
    return reply.probe.options if reply.probe is not None else Options()


def requires_call(reply: Reply) -> bool:
    """Return whether the tool_choice of the request requires a call."""
    return (request_options(reply).tool_choice or "").startswith(("required", "="))


def has_calls(reply: Reply) -> bool:
    """Return whether a reply has a tool call."""
    return any(piece.kind is PieceKind.TOOL for piece in decode_reply(reply).pieces)


def rewrite_arguments(reply: Reply, change: Callable[[str], str]) -> Reply:
    """
    Return *reply* with *change* applied to the whole arguments of each call.

    A stream has the new arguments of a call in a single fragment.
    """

    def rewrite(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in merge_calls(pieces):
            tool = piece.kind is PieceKind.TOOL
            yield replace(piece, text=change(piece.text)) if tool else piece

    return rewrite_pieces(reply, rewrite) if has_calls(reply) else reply


def rewrite_calls(reply: Reply, change: Callable[[Object], None]) -> Reply:
    """Return *reply* after *change* altered each tool call object in place."""

    def rewrite(value: Json) -> Json:
        for choice in _choices(value):
            for part in (choice.get("delta"), choice.get("message")):
                listed = part.get("tool_calls") if isinstance(part, dict) else None
                for entry in listed if isinstance(listed, list) else ():
                    if isinstance(entry, dict):
                        change(entry)
        return value

    return reply.change(rewrite)


def replace_finish_reason(reply: Reply, before: frozenset[str], after: str) -> Reply:
    """Return *reply* with *after* in place of each finish reason in *before*."""

    def rewrite(value: Json) -> Json:
        for choice in _choices(value):
            if is_one_of(choice.get("finish_reason"), before):
                choice["finish_reason"] = after
        return value

    return reply.change(rewrite)


def _choices(value: Json) -> Iterator[Object]:
    listed = value.get("choices") if isinstance(value, dict) else None
    for choice in listed if isinstance(listed, list) else ():
        if isinstance(choice, dict):
            yield choice
