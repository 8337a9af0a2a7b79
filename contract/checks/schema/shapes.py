"""The bodies, each against the schema of its dialect in `openapi.yaml`."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.schema.bodies import named
from contract.model.chat import Json
from contract.model.check import (
    CLIENT_ERRORS,
    Finding,
    Findings,
    NotApplicable,
    check,
    event_location,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    LIST_MODELS,
    MODEL_CARD,
    SUM,
    SUM_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import (
    JSON_TYPE,
    Reply,
)
from contract.schema import openapi

SHAPES = "openapi.yaml, drawn from the provider's reference and recorded exchanges"
# Refused by every provider, whatever else it puts up with.
UNREADABLE = replace(SUM_WHOLE, name="unreadable", body=b'{"messages": ')
MOST = 3  # departing events that are worth printing


def _departures(
    exchange: Exchange, shape: str, value: Json, where: str = ""
) -> Findings:
    """Each place where *value* is not the dialect's *shape*."""
    name = exchange.profile.dialect.prefix + shape
    if openapi.accepts(name, value):
        return
    for departure in openapi.schema_errors(name, value):
        pointer = departure.pointer or "the whole body"
        yield Finding(
            departure.message,
            departure.expected or name,
            departure.actual,
            f"{where}, {pointer}" if where else pointer,
        )


def _fits(exchange: Exchange, shape: str) -> Findings:
    """The body as *shape*; one that is no JSON is a finding by itself."""
    if exchange.is_json:
        yield from _departures(exchange, shape, exchange.json)
    else:
        yield Finding(
            "the body is not JSON",
            exchange.profile.dialect.prefix + shape,
            shorten(exchange.text) or "an empty body",
        )


@check(
    "schema.response",
    "A whole response MUST have the shape of its dialect.",
    source=SHAPES,
    sends=SUM_WHOLE,
)
def response(exchange: Exchange) -> Findings:
    yield from _fits(exchange, "ChatResponse")


@fault(breaks=response)
def created_as_date(reply: Reply) -> Reply:
    """A gateway writes the creation time as text and not as Unix seconds."""
    value = named(reply, "chat.completion")
    if value is None:
        return reply
    return reply.with_json({**value, "created": "2025-09-18T09:00:00Z"})


@check(
    "schema.event",
    "Every chunk of a stream MUST have the shape of its dialect.",
    source=SHAPES,
    sends=SUM,
    needs={Capability.STREAMING},
)
def event(exchange: Exchange) -> Findings:
    if not exchange.streamed or not exchange.chunks:
        raise NotApplicable("the stream held no chunk")
    bad = 0
    for chunk in exchange.chunks:
        where = event_location(chunk.event, chunk.at)
        found = tuple(_departures(exchange, "ChatEvent", chunk.json, where))
        yield from found
        bad += bool(found)
        if bad == MOST:
            return


@fault(breaks=event)
def created_as_date_in_chunks(reply: Reply) -> Reply:
    """A gateway writes the creation time of chunks as text."""
    if not reply.streamed:
        return reply

    def change(value: Json) -> Json:
        if isinstance(value, dict) and "created" in value:
            value["created"] = "2025-09-18T09:00:00Z"
        return value

    return reply.change(change)


@check(
    "schema.error",
    "An error body MUST have a shape its dialect documents.",
    source=SHAPES,
    sends=UNREADABLE,
    expects=CLIENT_ERRORS,
)
def error(exchange: Exchange) -> Findings:
    value = exchange.json if exchange.is_json else exchange.text
    yield from _departures(exchange, "Error", value)


@fault(breaks=error, also=("rejections", "context", "multimodal"))
def error_in_other_words(reply: Reply) -> Reply:
    """A gateway replaces error bodies by its own, with names nobody documents."""
    if reply.status not in CLIENT_ERRORS:
        return reply
    return reply.with_header(*JSON_TYPE).with_json(
        {"status": "failed", "reason": "The request was not valid."}
    )


@check(
    "schema.models",
    "The list of models MUST have the shape of its dialect and name a model.",
    source=SHAPES,
    sends=LIST_MODELS,
    needs={Capability.MODEL_LIST},
)
def models(exchange: Exchange) -> Findings:
    yield from _fits(exchange, "ModelList")
    listed = exchange.json.get("data") if isinstance(exchange.json, dict) else None
    if listed == []:
        yield Finding("no model is listed", "at least one model", "data: []")


@fault(breaks=models, also=("context", "tokens"))
def models_as_bare_list(reply: Reply) -> Reply:
    """A gateway unwraps the list: the models without the object around them."""
    value = named(reply, "list")
    return reply if value is None else reply.with_json(value.get("data"))


@check(
    "schema.model-card",
    "A model card MUST have the shape of its dialect and the id that was asked for.",
    source=SHAPES,
    sends=MODEL_CARD,
    needs={Capability.MODEL_CARD},
)
def model_card(exchange: Exchange) -> Findings:
    yield from _fits(exchange, "Model")
    wanted = exchange.request.path.rpartition("/")[2]
    seen = exchange.json.get("id") if isinstance(exchange.json, dict) else None
    if seen != wanted:
        yield Finding("the card is of another model", wanted, shorten(seen), "/id")


@fault(breaks=model_card)
def card_in_list(reply: Reply) -> Reply:
    """The route of one model answers with a list of one."""
    value = named(reply, "model")
    if value is None:
        return reply
    return reply.with_json({"object": "list", "data": [value]})
