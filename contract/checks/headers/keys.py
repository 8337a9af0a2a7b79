"""API keys: only `Authorization: Bearer` (RFC 6750)."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.faults.rejection import accept_request
from contract.checks.judging.rejection import status_and_body
from contract.model.chat import Options
from contract.model.check import ANY, Finding, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import KeyMode, Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.portable.requirement import decided
from contract.portable.schemas import has, one_of

REJECTED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})
KEY_REQUIRED = frozenset({Capability.KEY_REQUIRED})

# No other family sends this prompt, so the faults of this one change no other answer.
SHORT_REQUEST = Probe(
    name="door",
    messages=(user("Say good night."),),
    options=Options(max_tokens=4, temperature=0.0, seed=7),
    reasons=False,
)
LOWER_CASE = replace(SHORT_REQUEST, name="bearer-in-lower-case", key=KeyMode.LOWER)
NO_SCHEME = replace(SHORT_REQUEST, name="key-without-scheme", key=KeyMode.BARE)
AS_PASSWORD = replace(SHORT_REQUEST, name="key-as-password", key=KeyMode.BASIC)
IN_URL = replace(SHORT_REQUEST, name="key-in-address", key=KeyMode.QUERY)


@check(
    "headers.bearer-in-lower-case",
    "A key after the lower-case scheme bearer SHOULD be accepted.",
    source="RFC 9110 §11.1: the scheme is a case-insensitive token",
    sends=LOWER_CASE,
    needs=KEY_REQUIRED,
    expects=ANY,
)
@decided(has(status=200))
def bearer_in_lower_case(exchange: Exchange) -> Findings:
    if exchange.status != HTTPStatus.OK:
        yield Finding(
            "a valid key was rejected because of the case of its scheme",
            expected="status 200",
            actual=status_and_body(exchange),
            at="authorization: bearer …",
        )


def _key_rejected(reply: Reply) -> Reply:
    """Return *reply* as the dialect's rejection of a wrong key."""
    problem = Rejection(reason=RejectionReason.WRONG_KEY)
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode_json(body)
    return replace(
        reply.with_header(*JSON_TYPE),
        status=status,
        frames=(Frame(0.0, data),),
        rejection=problem,
    )


@fault(breaks=bearer_in_lower_case)
def scheme_compared_by_case(reply: Reply) -> Reply:
    """The server strips the prefix "Bearer " with a case-sensitive comparison."""
    given = reply.request.header("authorization") or ""
    return _key_rejected(reply) if given.startswith("bearer ") else reply


def _rejected(exchange: Exchange, where: str) -> Findings:
    if exchange.status not in REJECTED:
        yield Finding(
            "a misplaced key was not rejected",
            expected="status 401, or 400 for a malformed header",
            actual=status_and_body(exchange),
            at=where,
        )


@check(
    "headers.key-without-scheme",
    "A key without an authentication scheme SHOULD NOT be accepted.",
    source="RFC 9110 §11.6.2; RFC 6750 §2.1",
    sends=NO_SCHEME,
    needs=KEY_REQUIRED,
    expects=ANY,
)
@decided(has(status=one_of(sorted(REJECTED))))
def key_without_scheme(exchange: Exchange) -> Findings:
    """A client that works with this server would fail with others."""
    yield from _rejected(exchange, "authorization: …")


@fault(breaks=key_without_scheme)
def scheme_optional(reply: Reply) -> Reply:
    """The scheme Bearer is stripped if present but not required."""
    given = reply.request.header("authorization")
    return accept_request(reply) if given and " " not in given else reply


@check(
    "headers.key-as-password",
    "A key sent as an HTTP Basic password MUST be rejected.",
    source="RFC 6750 §2.1; Mistral API specification, security: bearer",
    sends=AS_PASSWORD,
    needs=KEY_REQUIRED,
    expects=ANY,
)
@decided(has(status=one_of(sorted(REJECTED))))
def key_as_password(exchange: Exchange) -> Findings:
    yield from _rejected(exchange, "authorization: Basic …")


@fault(breaks=key_as_password)
def password_taken_for_key(reply: Reply) -> Reply:
    """A proxy in front of the server accepts any HTTP Basic password."""
    given = reply.request.header("authorization") or ""
    return accept_request(reply) if given.startswith("Basic ") else reply


@check(
    "headers.key-in-address",
    "A key sent only in the URL SHOULD NOT be accepted.",
    source="RFC 6750 §2.3 and §5.3: URLs end up in logs",
    sends=IN_URL,
    needs=KEY_REQUIRED,
    expects=ANY,
)
def key_in_address(exchange: Exchange) -> Findings:
    """Only tested on this machine: a key in a URL must not leave it."""
    if "api_key=" not in exchange.request.path:
        raise NotApplicable("keys are sent in URLs only to servers on this machine")
    yield from _rejected(exchange, "?api_key=…")


@fault(breaks=key_in_address)
def key_read_from_the_address(reply: Reply) -> Reply:
    """A gateway accepts the key from the query string as well."""
    return accept_request(reply) if "api_key=" in reply.request.path else reply
