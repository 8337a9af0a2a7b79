"""A check that no response repeats the API key of its request."""

from __future__ import annotations

from contract.checks.combined.requests import UNREADABLE
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS, SUM_WHOLE
from contract.model.reply import Reply


@check(
    "headers.key-is-not-echoed",
    "A response MUST NOT contain the API key of its request.",
    source="RFC 6750 §5.3; CWE-200: responses are logged, cached and shown to users",
    sends=(SUM_WHOLE, LIST_MODELS, UNREADABLE),
    expects=ANY,
    every=Scope.RESPONSES,
)
def key_is_not_echoed(exchange: Exchange) -> Findings:
    """A key of fewer than 16 characters is ignored: it may be a word of the text."""
    if exchange.request.header("authorization") is None:
        raise NotApplicable("no key was sent")
    if exchange.echoes:
        yield Finding(
            "the response contains the API key of its request",
            expected="no key in headers and body",
            actual=f"the key in the {', '.join(exchange.echoes)}",
            at=exchange.probe.name,
        )


@fault(breaks=key_is_not_echoed)
def key_in_a_debug_header(reply: Reply) -> Reply:
    """A gateway in debug mode adds the headers of its own request to the response."""
    given = reply.request.header("authorization")
    return reply.with_header("x-upstream-authorization", given) if given else reply


@fault(breaks=key_is_not_echoed, also=("rejections.key-is-not-echoed",))
def key_in_errors(reply: Reply) -> Reply:
    """An error quotes the request that failed, with its credentials."""
    given = reply.request.header("authorization")
    value = reply.json
    if not given or reply.status < 400 or not isinstance(value, dict):  # noqa: PLR2004  # errors
        return reply
    return reply.with_json({**value, "request": {"authorization": given}})
