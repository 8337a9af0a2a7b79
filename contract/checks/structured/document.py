"""The document in an answer, as a consumer parses it; and told otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.model.chat import (
    Json,
    Piece,
    PieceKind,
)
from contract.model.check import (
    Finding,
    Findings,
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
    MISSING,
    is_one_of,
    read_json,
)
from contract.schema.validate import mismatch

SCHEMAS = frozenset({Capability.JSON_SCHEMA})


STREAMED_SCHEMAS = SCHEMAS | {Capability.STREAMING}


OBJECTS = frozenset({Capability.JSON_OBJECT, Capability.STREAMING})


_FENCED = re.compile(r"\s*```\w*\n?(.*?)\n?```\s*", re.DOTALL)


def answer(exchange: Exchange) -> str:
    """The answer of a reply that finished; raises `NotApplicable` for any other."""
    if exchange.probe.stream and not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    if exchange.finish in {"length", "model_length"}:
        raise NotApplicable("the reply was cut before the document was complete")
    return exchange.answer


def document(exchange: Exchange) -> object:
    """The JSON of the answer, or MISSING; a code fence around it is judged apart."""
    text = answer(exchange)
    fenced = _FENCED.fullmatch(text)
    return parsed(fenced[1] if fenced else text)


def parsed(text: str) -> object:
    """*text* as JSON, or MISSING."""
    return read_json(text.encode(errors="surrogatepass"))


def wanted(exchange: Exchange) -> Json:
    """The schema that the request asked to fit; an object where it named none."""
    held = exchange.sent.get("response_format")
    holder = held.get("json_schema") if isinstance(held, dict) else None
    named = holder.get("schema") if isinstance(holder, dict) else None
    return {"type": "object"} if named is None else named


def fits(*exchanges: Exchange) -> Findings:
    """A finding for each answer that does not fit what its request asked for."""
    for exchange in exchanges:
        schema = wanted(exchange)
        if reason := mismatch(schema, document(exchange)):
            yield Finding(
                f"the answer does not have the form asked for: {reason}",
                expected=shorten(schema),
                actual=shorten(exchange.answer) or "no answer",
                at=reply_location(exchange),
            )


def reply_location(exchange: Exchange) -> str:
    """Where in a reply something was seen, as a finding prints it."""
    kind = "stream" if exchange.streamed else "message"
    return f"the whole {kind} of {exchange.probe.name}"


def form(reply: Reply) -> str | None:
    """The type of the form that the request asks for: json_object, json_schema."""
    held = _held(reply)
    kind = held.get("type") if held else None
    known = is_one_of(kind, ("json_object", "json_schema"))
    return kind if known and isinstance(kind, str) else None


def named(reply: Reply) -> str | None:
    """The name of the schema that the request asks for."""
    holder = _held(reply).get("json_schema")
    name = holder.get("name") if isinstance(holder, dict) else None
    return name if isinstance(name, str) else None


def _held(reply: Reply) -> dict[str, Json]:
    options = reply.probe.options if reply.probe is not None else None
    held = json.loads(options.response_format or "null") if options else None
    return held if isinstance(held, dict) else {}


def reworded(reply: Reply, change: Callable[[str], str]) -> Reply:
    """*reply* with the whole answer of each choice changed; it comes in one piece."""

    def told(said: tuple[Piece, ...]) -> Iterator[Piece]:
        text = "".join(piece.text for piece in said if piece.kind is PieceKind.ANSWER)
        done = False
        for piece in said:
            if piece.kind is not PieceKind.ANSWER:
                yield piece
            elif not done:
                done = True
                yield replace(piece, text=change(text))

    spoken = any(piece.kind is PieceKind.ANSWER for piece in decode_reply(reply).pieces)
    return rewrite_pieces(reply, told) if spoken else reply


def rewritten(reply: Reply, change: Callable[[dict[str, Json]], Json]) -> Reply:
    """*reply* with the object that is its answer replaced by what *change* makes."""

    def told(text: str) -> str:
        value = parsed(text)
        if value is MISSING or not isinstance(value, dict):
            return text
        return json.dumps(change(value), ensure_ascii=False)

    return reworded(reply, told)
