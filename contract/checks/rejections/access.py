"""Who may ask, and where: keys, routes and methods."""

from __future__ import annotations

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import (
    answers,
    misshapen,
    refusals,
    rejects,
)
from contract.checks.rejections import mistakes
from contract.checks.rejections.documents import reworded
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    NO_KEY,
    WRONG_KEY,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.wire import WRONG_KEY as SENT_KEY

UNAUTHORIZED = 401

no_key = rejects(
    NO_KEY,
    "A request without a key MUST be refused with status 401.",
    source="RFC 9110 §15.5.2",
    needs={Capability.KEY_REQUIRED},
    by=frozenset({UNAUTHORIZED}),
    wanted="status 401",
)
accepts_no_key = accepts(no_key, "A gateway forgets to ask one route for the key.")
wrong_key = rejects(
    WRONG_KEY,
    "A request with a wrong key MUST be refused with status 401.",
    source="RFC 9110 §15.5.2",
    needs={Capability.KEY_REQUIRED},
    by=frozenset({UNAUTHORIZED}),
    wanted="status 401",
)
accepts_wrong_key = accepts(
    wrong_key, "Any key opens the door, as long as there is one."
)
wrong_method = rejects(
    mistakes.WRONG_METHOD,
    "A GET on the chat MUST be refused with status 404 or 405.",
    source="RFC 9110 §15.5.6",
    by=frozenset({404, 405}),
    wanted="status 404 or 405",
)
accepts_wrong_method = accepts(wrong_method, "A catch-all route answers every method.")
unknown_path = rejects(
    mistakes.UNKNOWN_PATH,
    "A path nobody serves MUST be refused with status 404.",
    source="RFC 9110 §15.5.5",
    by=frozenset({404}),
    wanted="status 404",
)
accepts_unknown_path = accepts(unknown_path, "A catch-all route answers every path.")


@check(
    "rejections.asks-for-no-password",
    "A 401 MUST NOT ask for another scheme than Bearer.",
    source="RFC 6750 §3; RFC 9110 §11.6.1",
    sends=NO_KEY,
    needs={Capability.KEY_REQUIRED},
    expects=ANY,
)
def asks_for_no_password(exchange: Exchange) -> Findings:
    """HTTP wants a scheme with every 401, but hardly any model server names one."""
    schemes = exchange.header("www-authenticate")
    if schemes is not None and "bearer" not in schemes.lower():
        yield Finding(
            "the 401 asks for another scheme",
            expected="WWW-Authenticate: Bearer, or no such header",
            actual=shorten(schemes),
        )


@fault(breaks=asks_for_no_password)
def asks_for_a_password(reply: Reply) -> Reply:
    """A proxy answers first, and browsers ask for name and password."""
    if reply.status == UNAUTHORIZED and answers(reply, NO_KEY):
        return reply.with_header("www-authenticate", 'Basic realm="models"')
    return reply


@check(
    "rejections.key-refusal-has-shape",
    "The refusal of a key MUST fit the error schema of the provider's dialect.",
    source="Mistral API reference; vLLM and llama.cpp server documentation",
    sends=(NO_KEY, WRONG_KEY),
    needs={Capability.KEY_REQUIRED},
    expects=ANY,
)
def key_refusal_has_shape(*exchanges: Exchange) -> Findings:
    """Clients tell a bad key from a bad request by this body."""
    for exchange in refusals(exchanges):
        yield from misshapen(exchange)


@fault(breaks=key_refusal_has_shape, also=("schema.error",))
def refuses_the_key_in_prose(reply: Reply) -> Reply:
    """A gateway checks the key, and its refusal is a bare array."""
    if reply.status == UNAUTHORIZED:
        return reply.with_json(["Unauthorized"])
    return reply


@check(
    "rejections.key-is-not-echoed",
    "The refusal of a key MUST NOT repeat the key.",
    source="CWE-209; CWE-532",
    sends=WRONG_KEY,
    needs={Capability.KEY_REQUIRED},
    expects=ANY,
)
def key_is_not_echoed(exchange: Exchange) -> Findings:
    """A mistyped key is nearly a key, and error bodies end in logs."""
    places = [("the body", exchange.text), *exchange.headers]
    for place, text in places:
        if SENT_KEY in text:
            yield Finding(
                "the refusal repeats the key",
                expected="no key, or a masked one",
                actual=shorten(text),
                at=place,
            )


@fault(breaks=key_is_not_echoed, also=(key_refusal_has_shape, "schema.error"))
def echoes_the_key(reply: Reply) -> Reply:
    """The message says which key it was, in full."""
    if reply.status != UNAUTHORIZED or not answers(reply, WRONG_KEY):
        return reply
    told = f"Invalid API Key: {SENT_KEY}"
    return reply.change(lambda body: reworded(body, told))
