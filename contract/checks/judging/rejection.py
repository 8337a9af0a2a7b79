"""Judging of rejections, and checks that require one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from contract.model.chat import Json
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Check,
    Finding,
    Findings,
    NotApplicable,
    check,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import KeyMode, Probe
from contract.model.profile import Capability, Profile
from contract.model.rejection import RejectionReason
from contract.model.reply import Reply
from contract.model.wire import WRONG_KEY, Request, build_request
from contract.portable.requirement import decided
from contract.portable.schemas import has, one_of
from contract.schema.openapi import schema_errors

# Statuses that reject the request itself, not its sender, route or rate.
ABOUT_THE_REQUEST = CLIENT_ERRORS - {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}
# An image may also be rejected because its URL is forbidden or cannot be fetched.
ABOUT_AN_IMAGE = ABOUT_THE_REQUEST | {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


def expect_rejected(
    exchange: Exchange,
    statuses: frozenset[int] = ABOUT_THE_REQUEST,
    described: str = "",
) -> Findings:
    """
    Yield a finding unless the request was rejected with one of the statuses *statuses*.

    *described* describes those statuses in the finding. A rejection for another reason,
    such as a missing key or route, does not show that the request was validated, and
    is a finding too.
    """
    status = exchange.status or 0
    if status in statuses:
        return
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = "the server failed instead of rejecting the request"
    elif status >= HTTPStatus.BAD_REQUEST:
        message = "the request was rejected for another reason"
    else:
        message = "the request was accepted"
    yield Finding(
        message,
        expected=described or "status 400 or 422",
        actual=status_and_body(exchange),
        at=exchange.probe.name,
    )


def status_and_body(exchange: Exchange) -> str:
    """Return the status and the start of the body, as a finding states them."""
    return f"status {exchange.status}, {shorten(exchange.text) or 'no body'}"


def rejections_among(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """Return the exchanges with status 400 or above."""
    return tuple(x for x in exchanges if (x.status or 0) >= HTTPStatus.BAD_REQUEST)


def rejections_or_skip(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """
    Return the exchanges with status 400 or above.

    Raises `NotApplicable` if there are none; other checks judge accepted requests.
    """
    found = rejections_among(exchanges)
    if not found:
        raise NotApplicable("no invalid request was rejected")
    return found


def is_schema_rejection(reply: Reply) -> bool:
    """Whether a reply rejects a value of the body, the most common kind of error."""
    return (
        reply.status >= HTTPStatus.BAD_REQUEST
        and reply.rejection is not None
        and reply.rejection.reason is RejectionReason.SCHEMA
    )


def field_of(probe: Probe) -> str | None:
    """Return the invalid member of a patched probe; None if it is not a member."""
    steps = [
        step
        for patch in probe.patches
        for step in patch.pointer.split("/")
        if step and not step.isdigit()
    ]
    return steps[-1] if steps else None


def is_reply_to(reply: Reply, probe: Probe) -> bool:
    """Whether *reply* answers *probe*, encoded in the dialect of the reply."""
    expected = build_request(
        probe, Profile(id="any", dialect=reply.dialect), requested_model(reply)
    )
    if _identity(expected) != _identity(reply.request):
        return False
    key = _key_mode(reply.request)
    # A server that needs no key is sent none, so a given key may be absent.
    return key is not KeyMode.WRONG if probe.key is KeyMode.GIVEN else key is probe.key


def _identity(request: Request) -> tuple[str, str, bytes, str | None]:
    return request.method, request.path, request.body, request.header("content-type")


def _key_mode(request: Request) -> KeyMode:
    value = request.header("authorization")
    if value is None:
        return KeyMode.NONE
    return KeyMode.WRONG if value == f"Bearer {WRONG_KEY}" else KeyMode.GIVEN


def requested_model(reply: Reply) -> str:
    """Return the model in the request that *reply* answers; "" if there is none."""
    try:
        body = json.loads(reply.request.body)
    except (ValueError, RecursionError):
        return ""
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) else ""


def rejection_check(  # noqa: PLR0913  # the fields that differ between these checks
    sends: Probe,
    requirement: str,
    *,
    source: str,
    needs: Iterable[Capability] = (),
    unless: str | None = None,
    statuses: frozenset[int] = ABOUT_THE_REQUEST,
    described: str = "",
) -> Check:
    """
    Return the check `rejections.NAME` that the probe *sends* is rejected.

    NAME is the name of the probe, *statuses* the statuses that pass, *described* their
    description in findings. *unless* is the entry in a profile's `tolerates` for
    servers that are documented to accept the request.
    """

    @decided(has(status=one_of(sorted(statuses))))
    def judge(exchange: Exchange) -> Findings:
        yield from expect_rejected(exchange, statuses, described)

    judge.__name__ = judge.__qualname__ = sends.name.replace("-", "_")
    return check(
        f"rejections.{sends.name}",
        requirement,
        source=source,
        sends=sends,
        needs=frozenset(needs),
        expects=ANY,
        unless=unless,
    )(judge)


def error_document(exchange: Exchange) -> Json:
    """Return the body for validation: its JSON, or its text if it is not JSON."""
    return exchange.json if exchange.is_json else exchange.text


def error_violations(exchange: Exchange) -> Findings:
    """Yield a finding if an error body violates the error schema of its dialect."""
    name = exchange.profile.dialect.prefix + "Error"
    for violation in schema_errors(name, error_document(exchange), most=1):
        yield Finding(
            f"the error does not match the schema {name}: {violation.message}",
            expected=violation.expected,
            actual=shorten(exchange.text) or "no body",
            at=f"{exchange.probe.name} {violation.pointer}".strip(),
        )
