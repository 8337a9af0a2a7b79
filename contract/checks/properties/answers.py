"""That every valid request is answered and every invalid one is refused."""

from __future__ import annotations

from typing import Any

from contract.model.chat import Probe
from contract.model.check import (
    CLIENT_ERRORS,
    Finding,
    Findings,
    check,
    fault,
    shorten,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.model.reply import (
    JSON_TYPE,
    Reply,
)
from contract.schema import openapi
from contract.strategies import requests

SHAPES = "openapi.yaml, drawn from the provider's reference and recorded exchanges"


def valid(profile: Profile) -> Any:  # a strategy; Hypothesis may be missing
    """One request that the provider must answer."""
    return requests.valid(profile).map(_alone)


def invalid(profile: Profile) -> Any:  # a strategy; Hypothesis may be missing
    """One request with one mutation, which the provider must refuse."""
    return requests.invalid(profile).map(_alone)


def _alone(probe: Probe) -> tuple[Probe, ...]:
    return (probe,)


@check(
    "properties.valid-requests-are-answered",
    "Every valid request MUST be answered with 200 and what the schema describes.",
    source=SHAPES,
    explores=valid,
    slow=True,
)
def valid_requests_are_answered(exchange: Exchange) -> Findings:
    prefix = exchange.profile.dialect.prefix
    if exchange.streamed:
        told = [(f"event {c.event}", c.json, "ChatEvent") for c in exchange.chunks]
    else:
        told = [("the body", exchange.json, "ChatResponse")]
    for place, value, shape in told:
        if not openapi.accepts(prefix + shape, value):
            (departure, *_) = openapi.schema_errors(prefix + shape, value, most=1)
            yield Finding(
                departure.message,
                departure.expected or prefix + shape,
                departure.actual,
                f"{place}, {departure.pointer or 'the whole of it'}",
            )
            return
    if not told:
        yield Finding("the stream says nothing", "JSON events", "none")


@fault(
    breaks=valid_requests_are_answered,
    also=("properties", "sampling", "usage", "conversation", "languages", "context"),
)
def penalty_crashes(reply: Reply) -> Reply:
    """A sampler divides by zero when a penalty comes with the request."""
    told = reply.probe.options if reply.probe is not None else None
    if told is None or (told.presence_penalty, told.frequency_penalty) == (None, None):
        return reply
    crashed = reply.with_status(500).with_header(*JSON_TYPE)
    return crashed.with_json({"detail": "Internal Server Error"})


@check(
    "properties.invalid-requests-are-refused",
    "Every invalid request MUST be refused with a 4xx status and the provider's error.",
    source=SHAPES,
    explores=invalid,
    expects=CLIENT_ERRORS,
    slow=True,
)
def invalid_requests_are_refused(exchange: Exchange) -> Findings:
    name = exchange.profile.dialect.prefix + "Error"
    if not openapi.accepts(name, exchange.json):
        yield Finding(
            f"the error for {exchange.probe.name} is not of the provider's shape",
            name,
            shorten(exchange.text),
        )


OPTIONS = frozenset({"/temperature", "/top_p", "/stop", "/stream", "/n", "/tools"})


def _survives_invalid_options(dialect: Dialect) -> bool:
    return not dialect.crashes_on_invalid_options


@fault(
    breaks=invalid_requests_are_refused,
    also=("rejections", "schema", "sampling", "tools"),
    # Where the server crashes as it is, that is waived, and not drawn.
    where=_survives_invalid_options,
)
def refusal_is_a_crash(reply: Reply) -> Reply:
    """A handler fails while it words an error about an option of the wrong kind."""
    problem = reply.rejection
    if problem is None or problem.pointer not in OPTIONS:
        return reply
    return reply.with_status(500)
