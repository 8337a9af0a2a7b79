"""Rejections by API key, route and method."""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.judging.rejection import (
    error_violations,
    is_reply_to,
    rejections_among,
)
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.documents import replace_message
from contract.checks.rejections.pairs import check_and_fault
from contract.model.check import ANY, Finding, Findings, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.probes import NO_KEY, WRONG_KEY
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.wire import WRONG_KEY as SENT_KEY
from contract.portable.requirement import decided
from contract.portable.schemas import has, matching

no_key, accepts_no_key = check_and_fault(
    NO_KEY,
    "A request without an API key MUST be rejected with status 401.",
    "One route of a gateway skips the key check.",
    source="RFC 9110 §15.5.2",
    needs={Capability.KEY_REQUIRED},
    statuses=frozenset({HTTPStatus.UNAUTHORIZED}),
    described="status 401",
)
wrong_key, accepts_wrong_key = check_and_fault(
    WRONG_KEY,
    "A request with a wrong API key MUST be rejected with status 401.",
    "The server checks that a key is present, but not which one.",
    source="RFC 9110 §15.5.2",
    needs={Capability.KEY_REQUIRED},
    statuses=frozenset({HTTPStatus.UNAUTHORIZED}),
    described="status 401",
)
wrong_method, accepts_wrong_method = check_and_fault(
    invalid_requests.WRONG_METHOD,
    "A GET request to the chat endpoint MUST be rejected with status 404 or 405.",
    "A catch-all route answers every method.",
    source="RFC 9110 §15.5.6",
    statuses=frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}),
    described="status 404 or 405",
)
unknown_path, accepts_unknown_path = check_and_fault(
    invalid_requests.UNKNOWN_PATH,
    "A request to a path that does not exist MUST be rejected with status 404.",
    "A catch-all route answers every path.",
    source="RFC 9110 §15.5.5",
    statuses=frozenset({HTTPStatus.NOT_FOUND}),
    described="status 404",
)


@check(
    "rejections.asks-for-no-password",
    "A 401 response MUST NOT request an authentication scheme other than Bearer.",
    source="RFC 6750 §3; RFC 9110 §11.6.1",
    sends=NO_KEY,
    needs={Capability.KEY_REQUIRED},
    expects=ANY,
)
@decided(
    has(
        headers={
            "properties": {"www-authenticate": matching("[Bb][Ee][Aa][Rr][Ee][Rr]")}
        }
    )
)
def asks_for_no_password(exchange: Exchange) -> Findings:
    """HTTP requires a scheme in every 401, but few model servers send one."""
    schemes = exchange.header("www-authenticate")
    if schemes is not None and "bearer" not in schemes.lower():
        yield Finding(
            "the 401 response requests another authentication scheme",
            expected="WWW-Authenticate: Bearer, or no such header",
            actual=shorten(schemes),
        )


@fault(breaks=asks_for_no_password)
def asks_for_a_password(reply: Reply) -> Reply:
    """A proxy answers first and makes browsers prompt for a name and password."""
    if reply.status == HTTPStatus.UNAUTHORIZED and is_reply_to(reply, NO_KEY):
        return reply.with_header("www-authenticate", 'Basic realm="models"')
    return reply


@check(
    "rejections.key-refusal-has-shape",
    "The rejection of an API key MUST match the error schema of the dialect.",
    source="Mistral API reference; vLLM and llama.cpp server documentation",
    sends=(NO_KEY, WRONG_KEY),
    needs={Capability.KEY_REQUIRED},
    expects=ANY,
)
def key_refusal_has_shape(*exchanges: Exchange) -> Findings:
    """Clients use this body to distinguish a bad key from a bad request."""
    for exchange in rejections_among(exchanges):
        yield from error_violations(exchange)


@fault(breaks=key_refusal_has_shape, also=("schema.error",))
def refuses_the_key_in_prose(reply: Reply) -> Reply:
    """A gateway checks the key and rejects it with a bare JSON array."""
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return reply.with_json(["Unauthorized"])
    return reply


@check(
    "rejections.key-is-not-echoed",
    "The rejection of an API key MUST NOT contain the key.",
    source="CWE-209; CWE-532",
    sends=WRONG_KEY,
    needs={Capability.KEY_REQUIRED},
    expects=ANY,
)
def key_is_not_echoed(exchange: Exchange) -> Findings:
    """A mistyped key is almost a valid key, and error bodies end up in logs."""
    places = [("the body", exchange.text), *exchange.headers]
    for place, text in places:
        if SENT_KEY in text:
            yield Finding(
                "the error response contains the key",
                expected="no key, or a masked one",
                actual=shorten(text),
                at=place,
            )


@fault(breaks=key_is_not_echoed, also=(key_refusal_has_shape, "schema.error"))
def echoes_the_key(reply: Reply) -> Reply:
    """The error message contains the rejected key in full."""
    if reply.status != HTTPStatus.UNAUTHORIZED or not is_reply_to(reply, WRONG_KEY):
        return reply
    message = f"Invalid API Key: {SENT_KEY}"
    return reply.change(lambda body: replace_message(body, message))
