"""Checks of this package that Schemathesis applies to every chat response."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus

from contract.model.chat import CHAT
from contract.model.check import Check, Finding, NotApplicable
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.strict_json import read_json
from contract.model.wire import Request
from contract.plugins.discovery import find

# Each of these checks judges a single exchange, whatever the request was.
_APPLICABLE = (
    *("reasoning.no-marker-in-answer", "reasoning.no-marker-in-reasoning"),
    *("reasoning.chunks-are-well-formed", "reasoning.right-field"),
    *(
        "streaming.ends-with-done",
        "streaming.nothing-after-done",
    ),
    *("streaming.events-are-json", "streaming.well-formed", "streaming.id-is-constant"),
    *("streaming.finishes-once", "streaming.finish-is-last"),
    "streaming.finish-reason-is-known",
    *("usage.counts-are-natural", "usage.sums-up"),
)
NAMES: Mapping[str, str] = {
    name.replace(".", "_").replace("-", "_"): name for name in _APPLICABLE
}
"""The ids of these checks by the names that Schemathesis knows them by."""


@cache
def check_named(name: str) -> Check:
    """Return the check that Schemathesis knows as *name*."""
    found: Mapping[str, Check] = find("checks", Check)
    return found[NAMES[name]]


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
    if exchange.status != HTTPStatus.OK or exchange.request.path != CHAT:
        return ()
    if check.unless in profile.tolerates or check.id in profile.waivers:
        return ()
    if not check.needs <= profile.offers:
        return ()
    if check.family == "streaming" and not exchange.streamed:
        return ()
    try:
        return tuple(check.judge(exchange))
    except NotApplicable:
        return ()
