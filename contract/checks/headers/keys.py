"""The ways a key may travel: in one header, after one word, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.refusal import accepted
from contract.model.chat import (
    KeyMode,
    Options,
    Probe,
)
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
    encode_json,
)

OK = 200
REFUSED = frozenset({400, 401})
GUARDED = frozenset({Capability.KEY_REQUIRED})

# Its words are its own: what it is answered tells nothing about other requests.
DOOR = Probe(
    name="door",
    messages=(user("Say good night."),),
    options=Options(max_tokens=4, temperature=0.0, seed=7),
    reasons=False,
)
LOWER_CASE = replace(DOOR, name="bearer-in-lower-case", key=KeyMode.LOWER)
NO_SCHEME = replace(DOOR, name="key-without-scheme", key=KeyMode.BARE)
PASSWORD = replace(DOOR, name="key-as-password", key=KeyMode.BASIC)
IN_ADDRESS = replace(DOOR, name="key-in-address", key=KeyMode.QUERY)


def seen(exchange: Exchange) -> str:
    """Status and the beginning of the body, for a finding."""
    return f"status {exchange.status}, {shorten(exchange.text) or 'no body'}"


@check(
    "headers.bearer-in-lower-case",
    "A key after bearer in lower case SHOULD be taken like one after Bearer.",
    source="RFC 9110 §11.1: the scheme is a case-insensitive token",
    sends=LOWER_CASE,
    needs=GUARDED,
    expects=ANY,
)
def bearer_in_lower_case(exchange: Exchange) -> Findings:
    if exchange.status != OK:
        yield Finding(
            "the right key was refused for the case of its scheme",
            expected="status 200",
            actual=seen(exchange),
            at="authorization: bearer …",
        )


def _refused(reply: Reply) -> Reply:
    """*reply* as the refusal of a wrong key, in the words of its dialect."""
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
    """The server takes what follows the seven characters "Bearer " for the key."""
    given = reply.request.header("authorization") or ""
    return _refused(reply) if given.startswith("bearer ") else reply


def _turned_away(exchange: Exchange, where: str) -> Findings:
    if exchange.status not in REFUSED:
        yield Finding(
            "the key was taken where no key belongs",
            expected="status 401, or 400 for a malformed header",
            actual=seen(exchange),
            at=where,
        )


@check(
    "headers.key-without-scheme",
    "A key without a scheme SHOULD NOT open the door.",
    source="RFC 9110 §11.6.2; RFC 6750 §2.1",
    sends=NO_SCHEME,
    needs=GUARDED,
    expects=ANY,
)
def key_without_scheme(exchange: Exchange) -> Findings:
    """A client that works here fails with the next provider, and nobody knows why."""
    yield from _turned_away(exchange, "authorization: …")


@fault(breaks=key_without_scheme)
def scheme_optional(reply: Reply) -> Reply:
    """The word Bearer is removed if it is there, and not missed if it is not."""
    given = reply.request.header("authorization")
    return accepted(reply) if given and " " not in given else reply


@check(
    "headers.key-as-password",
    "A key as the password of HTTP Basic MUST be refused.",
    source="RFC 6750 §2.1; Mistral API specification, security: bearer",
    sends=PASSWORD,
    needs=GUARDED,
    expects=ANY,
)
def key_as_password(exchange: Exchange) -> Findings:
    yield from _turned_away(exchange, "authorization: Basic …")


@fault(breaks=key_as_password)
def password_taken_for_key(reply: Reply) -> Reply:
    """The proxy in front knows passwords, and lets through who brings one."""
    given = reply.request.header("authorization") or ""
    return accepted(reply) if given.startswith("Basic ") else reply


@check(
    "headers.key-in-address",
    "A key in the address alone SHOULD NOT open the door.",
    source="RFC 6750 §2.3 and §5.3: addresses end in logs",
    sends=IN_ADDRESS,
    needs=GUARDED,
    expects=ANY,
)
def key_in_address(exchange: Exchange) -> Findings:
    """Only asked on this machine: a key in an address must not travel."""
    if "api_key=" not in exchange.request.path:
        raise NotApplicable("a key is put into no address that leaves this machine")
    yield from _turned_away(exchange, "?api_key=…")


@fault(breaks=key_in_address)
def key_read_from_the_address(reply: Reply) -> Reply:
    """A gateway takes the key from wherever it finds one."""
    return accepted(reply) if "api_key=" in reply.request.path else reply
