"""Checks of this package that Schemathesis applies to every chat response."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from contract.model.check import Check, Finding, Level, Scope
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.response_kind import is_chat
from contract.model.strict_json import read_json
from contract.model.wire import Request
from contract.plugins.discovery import find
from contract.run.invariants import judge_replies, scopes_of

# Responses with status 200 to chats; the others are judged by Schemathesis itself.
_SCOPES = frozenset(
    {Scope.ANSWERS, Scope.STREAMS, Scope.WHOLE, Scope.BODIES, Scope.ATTEMPTS}
)
_BY_NAME: Mapping[str, Check] = {
    check.id.replace(".", "_").replace("-", "_"): check
    for check in find("checks", Check).values()
    if check.every in _SCOPES and not check.across and check.level is Level.MUST
}
NAMES: Mapping[str, str] = {name: check.id for name, check in _BY_NAME.items()}
"""The ids of the invariants of a single reply, by their names for Schemathesis."""


def check_named(name: str) -> Check:
    """Return the check that Schemathesis knows as *name*."""
    return _BY_NAME[name]


def to_exchange(
    profile: Profile,
    request: Request,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
) -> Exchange:
    """
    Return a chat that Schemathesis sent as an exchange, to be judged by a check.

    Args:
        profile: The profile of the server under test.
        request: The request as it was sent.
        headers: The response headers, names in lower case.
        body: The body of a response with status 200; its timing is not known.
    """
    sent = read_json(request.body)
    stream = isinstance(sent, dict) and sent.get("stream") is True
    return Exchange(
        probe=Probe(name="fuzzed", body=request.body, stream=stream),
        profile=profile,
        request=request,
        status=HTTPStatus.OK,
        headers=headers,
        arrivals=(Arrival(0.0, body),),
    )


def findings(name: str, exchange: Exchange) -> tuple[Finding, ...]:
    """
    Return the findings of the check *name* about *exchange*.

    There are none if the exchange is not a successful chat, or if the profile does
    not offer what the check needs, tolerates the deviation or waives the check.
    """
    check, profile = check_named(name), exchange.profile
    if exchange.status != HTTPStatus.OK or not is_chat(exchange):
        return ()
    if check.unless in profile.tolerates or check.id in profile.waivers:
        return ()
    if not check.needs <= profile.offers or check.every not in {*scopes_of(exchange)}:
        return ()
    return judge_replies(check, (exchange,)).findings
