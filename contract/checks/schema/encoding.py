"""How a body is spelled in bytes: media type, UTF-8, JSON names."""

from __future__ import annotations

import json

from contract.checks.schema.bodies import named
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    SUM_WHOLE,
    UTF8_WHOLE,
)
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
)
from contract.model.strict_json import read_json

BOM = b"\xef\xbb\xbf"


@check(
    "schema.content-type",
    "A whole response MUST be sent as application/json.",
    source="RFC 8259 11; OpenAI and Mistral API references",
    sends=SUM_WHOLE,
)
def content_type(exchange: Exchange) -> Findings:
    """A charset parameter has no meaning for JSON, but may not name another one."""
    seen = exchange.header("content-type") or "no content type"
    if exchange.media_type != JSON_TYPE[1]:
        yield Finding("the body is called something else", JSON_TYPE[1], shorten(seen))
    for parameter in seen.split(";")[1:]:
        name, _, value = parameter.strip().lower().partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            yield Finding("the charset is wrong", "UTF-8, or none", shorten(seen))


@fault(breaks=content_type)
def json_called_text(reply: Reply) -> Reply:
    """The handler returns a string, so the framework calls it text."""
    if named(reply, "chat.completion") is None:
        return reply
    return reply.with_header("content-type", "text/plain; charset=utf-8")


@check(
    "schema.json-is-utf-8",
    "A JSON body MUST be UTF-8 without a byte order mark.",
    source="RFC 8259 8.1",
    sends=(SUM_WHOLE, UTF8_WHOLE),
)
def json_is_utf_8(*exchanges: Exchange) -> Findings:
    if not any(exchange.body for exchange in exchanges):
        raise NotApplicable("no body came")
    for exchange in exchanges:
        if exchange.body.startswith(BOM):
            yield Finding(
                "the body begins with a byte order mark",
                "JSON",
                "EF BB BF",
                exchange.probe.name,
            )
        try:
            exchange.body.decode()
        except UnicodeDecodeError as error:
            yield Finding(
                "the body is not UTF-8",
                "UTF-8",
                error.object[error.start : error.start + 8].hex(" "),
                f"{exchange.probe.name}, byte {error.start}",
            )


@fault(breaks=json_is_utf_8)
def mark_before_json(reply: Reply) -> Reply:
    """A .NET gateway writes a byte order mark in front of every body."""
    if named(reply, "chat.completion") is None:
        return reply
    first, *rest = reply.frames
    return reply.with_frames([Frame(first.at, BOM + first.data), *rest])


@check(
    "schema.names-are-unique",
    "An object in a response SHOULD have no name twice.",
    source="RFC 8259 4",
    sends=SUM_WHOLE,
)
def names_are_unique(exchange: Exchange) -> Findings:
    """Readers disagree on which of the two counts."""
    if not exchange.is_json:
        raise NotApplicable("the body is not JSON")
    twice: list[str] = []

    def note(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        names = [name for name, _ in pairs]
        twice.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    json.loads(exchange.body, object_pairs_hook=note)
    for name in twice:
        yield Finding("a name is there twice", "each name once", shorten(name))


@fault(breaks=names_are_unique)
def id_twice(reply: Reply) -> Reply:
    """A gateway writes its own id in front of the engine's."""
    if named(reply, "chat.completion") is None:
        return reply
    body = reply.body.lstrip()
    spoiled = b'{"id":"gateway-1",' + body[1:]
    if read_json(spoiled) == read_json(body):
        return reply.with_frames([Frame(reply.frames[-1].at, spoiled)])
    return reply
