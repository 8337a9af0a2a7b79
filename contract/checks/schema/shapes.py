"""Checks of bodies and chunks against the dialect's schemas in `openapi.yaml`."""

from __future__ import annotations

from contract.checks.combined.requests import UNREADABLE
from contract.checks.judging.schema import rejected
from contract.checks.schema.bodies import body_of_kind
from contract.checks.sources import OPENAPI
from contract.model.chat import Json
from contract.model.check import (
    CLIENT_ERRORS,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    event_location,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS, MODEL_CARD, SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import JSON_TYPE, Reply
from contract.schema import openapi

MOST = 3  # invalid events to report


def _violations(
    exchange: Exchange, shape: str, value: Json, location: str = ""
) -> Findings:
    """
    Yield a finding for each place where *value* violates a schema of the dialect.

    *shape* is the schema's name without the dialect's prefix, *location* what the
    findings put before the JSON pointer.
    """
    name = exchange.profile.dialect.prefix + shape
    if openapi.accepts(name, value):
        return
    for error in openapi.schema_errors(name, value):
        pointer = error.pointer or "the whole body"
        yield Finding(
            error.message,
            error.expected or name,
            error.actual,
            f"{location}, {pointer}" if location else pointer,
        )


def _body_violations(exchange: Exchange, shape: str) -> Findings:
    """Yield a finding for each violation of *shape*, or one if it is not JSON."""
    if exchange.is_json:
        yield from _violations(exchange, shape, exchange.raw_json)
    else:
        yield Finding(
            "the body is not JSON",
            exchange.profile.dialect.prefix + shape,
            shorten(exchange.text) or "an empty body",
        )


@check(
    "schema.response",
    "A whole response MUST match the schema of its dialect.",
    source=OPENAPI,
    sends=SUM_WHOLE,
    every=Scope.BODIES,
)
def response(exchange: Exchange) -> Findings:
    yield from _body_violations(exchange, "ChatResponse")


@fault(breaks=response)
def created_as_date(reply: Reply) -> Reply:
    """A gateway formats the creation time as a date instead of Unix seconds."""
    value = body_of_kind(reply, "chat.completion")
    if value is None:
        return reply
    return reply.with_json({**value, "created": "2025-09-18T09:00:00Z"})


@check(
    "schema.event",
    "Every chunk of a stream MUST match the schema of its dialect.",
    source=OPENAPI,
    sends=SUM,
    needs={Capability.STREAMING},
    every=Scope.STREAMS,
)
def event(exchange: Exchange) -> Findings:
    invalid = rejected(exchange, "ChatEvent") if exchange.streamed else ()
    if not exchange.streamed or not exchange.folded:
        raise NotApplicable("the stream contains no chunk")
    for chunk in invalid[:MOST]:
        location = event_location(chunk.event, chunk.at)
        yield from _violations(exchange, "ChatEvent", chunk.json, location)


@fault(breaks=event)
def created_as_date_in_chunks(reply: Reply) -> Reply:
    """A gateway formats the creation time of chunks as a date."""
    if not reply.streamed:
        return reply

    def change(value: Json) -> Json:
        if isinstance(value, dict) and "created" in value:
            value["created"] = "2025-09-18T09:00:00Z"
        return value

    return reply.change(change)


@check(
    "schema.error",
    "An error body MUST match the error schema of its dialect.",
    source=OPENAPI,
    sends=UNREADABLE,
    expects=CLIENT_ERRORS,
)
def error(exchange: Exchange) -> Findings:
    value = exchange.json if exchange.is_json else exchange.text
    yield from _violations(exchange, "Error", value)


@fault(breaks=error, also=("rejections", "context", "multimodal"))
def error_in_other_words(reply: Reply) -> Reply:
    """A gateway replaces error bodies with its own, whose members are undocumented."""
    if reply.status not in CLIENT_ERRORS:
        return reply
    return reply.with_header(*JSON_TYPE).with_json(
        {"status": "failed", "reason": "The request was not valid."}
    )


@check(
    "schema.models",
    "The model list MUST match the schema of its dialect and contain a model.",
    source=OPENAPI,
    sends=LIST_MODELS,
    needs={Capability.MODEL_LIST},
)
def models(exchange: Exchange) -> Findings:
    yield from _body_violations(exchange, "ModelList")
    listed = exchange.json.get("data") if isinstance(exchange.json, dict) else None
    if listed == []:
        yield Finding("the model list is empty", "at least one model", "data: []")


@fault(breaks=models, also=("context", "tokens"))
def models_as_bare_list(reply: Reply) -> Reply:
    """A gateway unwraps the list and returns the bare array of models."""
    value = body_of_kind(reply, "list")
    return reply if value is None else reply.with_json(value.get("data"))


@check(
    "schema.model-card",
    "A model card MUST match the schema of its dialect and have the requested id.",
    source=OPENAPI,
    sends=MODEL_CARD,
    needs={Capability.MODEL_CARD},
)
def model_card(exchange: Exchange) -> Findings:
    yield from _body_violations(exchange, "Model")
    requested = exchange.request.path.rpartition("/")[2]
    seen = exchange.json.get("id") if isinstance(exchange.json, dict) else None
    if seen != requested:
        yield Finding(
            "the card describes another model", requested, shorten(seen), "/id"
        )


@fault(breaks=model_card)
def card_in_list(reply: Reply) -> Reply:
    """The route for a single model returns a list with one entry."""
    value = body_of_kind(reply, "model")
    if value is None:
        return reply
    return reply.with_json({"object": "list", "data": [value]})
