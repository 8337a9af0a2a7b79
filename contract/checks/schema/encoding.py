"""Checks of the encoding of response bodies: media type, UTF-8, JSON names."""

from __future__ import annotations

import json
from http import HTTPStatus

from contract.checks.schema.bodies import body_of_kind
from contract.model.chat import MODELS, Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS, SUM_WHOLE, UTF8_WHOLE
from contract.model.reply import JSON_TYPE, Frame, Reply, spelled
from contract.model.response_kind import is_chat, undeclared_coding
from contract.model.strict_json import read_json
from contract.portable.requirement import decided
from contract.portable.schemas import UTF_8, has

BOM = b"\xef\xbb\xbf"


@check(
    "schema.content-type",
    "A JSON response MUST be sent as application/json.",
    source="RFC 8259 11; OpenAI and Mistral API references",
    sends=(SUM_WHOLE, LIST_MODELS),
    every=Scope.RESPONSES,
)
@decided(
    has(contentType=has(type=JSON_TYPE[1], charsets=UTF_8)),
    when=has(status=200, body={"type": "object"}, request=has(stream=False, api=True)),
)
def content_type(exchange: Exchange) -> Findings:
    """A charset parameter has no meaning for JSON, but must not contradict UTF-8."""
    if exchange.status != HTTPStatus.OK or exchange.probe.stream:
        raise NotApplicable("the response is a stream or an error")
    if not isinstance(exchange.json, dict) or not _is_api(exchange):
        raise NotApplicable("the body is not a JSON object of the API")
    value = exchange.header("content-type") or "no content type"
    if exchange.media_type != JSON_TYPE[1]:
        yield Finding("wrong media type for a JSON body", JSON_TYPE[1], shorten(value))
    for parameter in value.split(";")[1:]:
        name, _, charset = parameter.strip().lower().partition("=")
        if name == "charset" and charset.strip('"') not in {"utf-8", "utf8"}:
            yield Finding("wrong charset", "UTF-8 or no charset", shorten(value))


def _is_api(exchange: Exchange) -> bool:
    return is_chat(exchange) or exchange.request.path.startswith(MODELS)


@fault(breaks=content_type)
def list_called_text(reply: Reply) -> Reply:
    """A cache serves the list of models as a text file."""
    if body_of_kind(reply, "list") is None:
        return reply
    return reply.with_header("content-type", "text/plain")


@fault(breaks=content_type)
def json_called_text(reply: Reply) -> Reply:
    """The handler returns a string, so the framework labels it text/plain."""
    if body_of_kind(reply, "chat.completion") is None:
        return reply
    return reply.with_header("content-type", "text/plain; charset=utf-8")


@check(
    "schema.json-is-utf-8",
    "A JSON body MUST be UTF-8 without a byte order mark.",
    source="RFC 8259 8.1",
    sends=(SUM_WHOLE, UTF8_WHOLE),
    every=Scope.BODIES,
)
def json_is_utf_8(exchange: Exchange) -> Findings:
    if not exchange.body:
        raise NotApplicable("the response has no body")
    if coding := undeclared_coding(exchange):
        raise NotApplicable(f"the body is compressed with {coding}")
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
    """A .NET gateway writes a byte order mark before every body."""
    if body_of_kind(reply, "chat.completion") is None:
        return reply
    reply = spelled(reply)
    first, *rest = reply.frames
    return reply.with_frames([Frame(first.at, BOM + first.data), *rest])


@check(
    "schema.names-are-unique",
    "The names within a JSON object of a response SHOULD be unique.",
    source="RFC 8259 4",
    sends=SUM_WHOLE,
    every=Scope.WHOLE,
)
def names_are_unique(exchange: Exchange) -> Findings:
    """Parsers disagree on which of two equal names they keep."""
    if not exchange.is_json:
        raise NotApplicable("the body is not JSON")
    duplicates: list[str] = []

    def collect(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        names = [name for name, _ in pairs]
        duplicates.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    json.loads(exchange.body, object_pairs_hook=collect)
    for name in duplicates:
        yield Finding("duplicate name in an object", "unique names", shorten(name))


@fault(breaks=names_are_unique)
def id_twice(reply: Reply) -> Reply:
    """A gateway inserts its own id before the engine's."""
    if body_of_kind(reply, "chat.completion") is None:
        return reply
    reply = spelled(reply)
    body = reply.body.lstrip()
    duplicated = b'{"id":"gateway-1",' + body[1:]
    if read_json(duplicated) == read_json(body):
        return reply.with_frames([Frame(reply.frames[-1].at, duplicated)])
    return reply
