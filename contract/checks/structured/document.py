"""Parsing, judging and rewriting of the JSON document in an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.model.chat import Json, Piece, PieceKind
from contract.model.check import Finding, Findings, NotApplicable, shorten
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_pieces
from contract.model.strict_json import MISSING, is_one_of, read_json
from contract.schema.validate import mismatch

SCHEMAS = frozenset({Capability.JSON_SCHEMA})
STREAMED_SCHEMAS = SCHEMAS | {Capability.STREAMING}
# The name of the schema that has what those of many checks have.
EVERYTHING = "everything"
OBJECTS = frozenset({Capability.JSON_OBJECT, Capability.STREAMING})
_FENCED = re.compile(r"\s*```\w*\n?(.*?)\n?```\s*", re.DOTALL)


def finished_answer(exchange: Exchange) -> str:
    """Return the answer; raises `NotApplicable` if it is cut off or not streamed."""
    if exchange.probe.stream and not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    if exchange.finish in {"length", "model_length"}:
        raise NotApplicable("the reply was cut off before the document was complete")
    return exchange.answer


def document(exchange: Exchange) -> object:
    """
    Return the answer parsed as JSON, or MISSING.

    A code fence around it is removed; `structured.no-fence` judges it.
    """
    text = finished_answer(exchange)
    fenced = _FENCED.fullmatch(text)
    return parse_json(fenced[1] if fenced else text)


def finished_documents(exchange: Exchange) -> tuple[str, ...]:
    """
    Return the answers that must be JSON: those of the choices that finished with stop.

    Raises `NotApplicable` if there is none: no JSON was requested, a tool was called,
    or a stop string may have cut the document.
    """
    wanted = exchange.sent.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    holder = wanted.get("json_schema") if isinstance(wanted, dict) else None
    named = isinstance(holder, dict) and holder.get("schema") is not None
    asked = kind == "json_object" or (kind == "json_schema" and named)
    if not asked or exchange.sent.get("stop"):
        raise NotApplicable("the request asks for no JSON, or has stop strings")
    calling = {
        piece.choice for piece in exchange.pieces if piece.kind is PieceKind.TOOL
    }
    found = tuple(
        exchange.text_of(PieceKind.ANSWER, choice)
        for choice, reasons in sorted(exchange.finishes.items())
        if reasons == ("stop",) and choice not in calling
    )
    if not found:
        raise NotApplicable("no choice without a tool call finished with stop")
    return found


def parse_json(text: str) -> object:
    """Return *text* parsed as JSON, or MISSING."""
    return read_json(text.encode(errors="surrogatepass"))


def requested_schema(exchange: Exchange) -> Json:
    """Return the schema in the request; that of any object if there is none."""
    response_format = exchange.sent.get("response_format")
    holder = None
    if isinstance(response_format, dict):
        holder = response_format.get("json_schema")
    schema = holder.get("schema") if isinstance(holder, dict) else None
    return {"type": "object"} if schema is None else schema


def satisfies_schema(*exchanges: Exchange) -> Findings:
    """Yield a finding for each answer that does not satisfy the requested schema."""
    for exchange in exchanges:
        schema = requested_schema(exchange)
        if reason := mismatch(schema, document(exchange)):
            yield Finding(
                f"the answer does not satisfy the requested schema: {reason}",
                expected=shorten(schema),
                actual=shorten(exchange.answer) or "no answer",
                at=reply_location(exchange),
            )


def reply_location(exchange: Exchange) -> str:
    """Return the location of a finding about the whole reply."""
    kind = "stream" if exchange.streamed else "message"
    return f"the whole {kind} of {exchange.probe.name}"


def format_type(reply: Reply) -> str | None:
    """Return the requested type, json_object or json_schema; None for any other."""
    kind = _response_format(reply).get("type")
    known = is_one_of(kind, ("json_object", "json_schema"))
    return kind if known and isinstance(kind, str) else None


def schema_name(reply: Reply) -> str | None:
    """Return the name of the requested schema, or None."""
    holder = _response_format(reply).get("json_schema")
    name = holder.get("name") if isinstance(holder, dict) else None
    return name if isinstance(name, str) else None


def asks_for(reply: Reply, name: str) -> bool:
    """Return whether the schema *name*, or the one that includes it, is requested."""
    return schema_name(reply) in {name, EVERYTHING}


def _response_format(reply: Reply) -> dict[str, Json]:
    options = reply.probe.options if reply.probe is not None else None
    value = json.loads(options.response_format or "null") if options else None
    return value if isinstance(value, dict) else {}


def rewrite_answer(reply: Reply, change: Callable[[str], str]) -> Reply:
    """
    Return *reply* with *change* applied to the whole answer of each choice.

    A stream has the new answer in a single piece.
    """

    def rewrite(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        text = "".join(piece.text for piece in pieces if piece.kind is PieceKind.ANSWER)
        written = False
        for piece in pieces:
            if piece.kind is not PieceKind.ANSWER:
                yield piece
            elif not written:
                written = True
                yield replace(piece, text=change(text))

    pieces = decode_reply(reply).pieces
    answered = any(piece.kind is PieceKind.ANSWER for piece in pieces)
    return rewrite_pieces(reply, rewrite) if answered else reply


def rewrite_document(reply: Reply, change: Callable[[dict[str, Json]], Json]) -> Reply:
    """Return *reply* with *change* applied to each answer that is a JSON object."""

    def rewrite(text: str) -> str:
        value = parse_json(text)
        if value is MISSING or not isinstance(value, dict):
            return text
        return json.dumps(change(value), ensure_ascii=False)

    return rewrite_answer(reply, rewrite)
