"""Properties: valid requests are answered, and invalid ones are rejected."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from contract.checks.faults.rejection import crash
from contract.checks.sources import OPENAPI
from contract.model.check import CLIENT_ERRORS, Finding, Findings, check, fault, shorten
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.reply import Reply
from contract.schema import openapi
from contract.strategies import requests


def valid(profile: Profile) -> Any:  # a strategy; Hypothesis may be missing
    """Return a strategy for single requests that the server must answer."""
    return requests.valid(profile).map(_single)


def invalid(profile: Profile) -> Any:  # a strategy; Hypothesis may be missing
    """Return a strategy for requests with one mutation, which must be rejected."""
    return requests.invalid(profile).map(_single)


def _single(probe: Probe) -> tuple[Probe, ...]:
    return (probe,)


@check(
    "properties.valid-requests-are-answered",
    "Every valid request MUST be answered with 200 and a body that fits its schema.",
    source=OPENAPI,
    explores=valid,
    slow=True,
)
def valid_requests_are_answered(exchange: Exchange) -> Findings:
    prefix = exchange.profile.dialect.prefix
    if exchange.streamed:
        values = [
            (f"event {c.event}", c.json, "ChatEvent") for c in exchange.raw_chunks
        ]
    else:
        values = [("the body", exchange.raw_json, "ChatResponse")]
    for location, value, shape in values:
        if not openapi.accepts(prefix + shape, value):
            (error, *_) = openapi.schema_errors(prefix + shape, value, most=1)
            yield Finding(
                error.message,
                error.expected or prefix + shape,
                error.actual,
                f"{location}, {error.pointer or 'the whole value'}",
            )
            return
    if not values:
        yield Finding("the stream contains no event", "JSON events", "none")


@fault(
    breaks=valid_requests_are_answered,
    also=("properties", "sampling", "usage", "conversation", "languages", "context"),
)
def penalty_crashes(reply: Reply) -> Reply:
    """A sampler divides by zero when the request has a penalty."""
    if reply.probe is None:
        return reply
    sent = reply.probe.options
    if sent.presence_penalty is None and sent.frequency_penalty is None:
        return reply
    return crash(reply)


@check(
    "properties.invalid-requests-are-refused",
    "Every invalid request MUST be rejected with a 4xx status and the dialect's error.",
    source=OPENAPI,
    explores=invalid,
    expects=CLIENT_ERRORS,
    slow=True,
)
def invalid_requests_are_refused(exchange: Exchange) -> Findings:
    name = exchange.profile.dialect.prefix + "Error"
    if not openapi.accepts(name, exchange.json):
        yield Finding(
            f"the error for {exchange.probe.name} does not match its schema",
            name,
            shorten(exchange.text),
        )


# JSON pointers of the options whose rejection the fault below turns into a crash.
OPTIONS = frozenset(
    {
        *("/temperature", "/top_p", "/stop", "/stream", "/n", "/tools"),
        *("/max_output_tokens", "/messages/0/role"),
    }
)


def _survives_invalid_options(dialect: Dialect) -> bool:
    return not dialect.crashes_on_invalid_options


@fault(
    breaks=invalid_requests_are_refused,
    also=("rejections", "schema", "sampling", "tools"),
    # If the server itself crashes on them, they are tolerated and not generated.
    where=_survives_invalid_options,
)
def refusal_is_a_crash(reply: Reply) -> Reply:
    """An error handler fails on an option or a role with a value that is invalid."""
    rejection = reply.rejection
    if rejection is None or rejection.pointer not in OPTIONS:
        return reply
    return reply.with_status(HTTPStatus.INTERNAL_SERVER_ERROR)
