"""Our own checks that hold of any answer, for Schemathesis to ask about each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from contract.model.chat import (
    CHAT,
    Probe,
)
from contract.model.check import (
    Check,
    Finding,
    NotApplicable,
)
from contract.model.exchange import (
    Arrival,
    Exchange,
)
from contract.model.profile import Profile
from contract.model.strict_json import read_json
from contract.model.wire import Request
from contract.plugins.discovery import find

# Each is judged by one exchange, whatever was asked in it.
_HOLDING = (
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
    one.replace(".", "_").replace("-", "_"): one for one in _HOLDING
}
"""The names that Schemathesis gives them, and their ids."""
OK = 200


@cache
def known(name: str) -> Check:
    """The check of that name."""
    found: Mapping[str, Check] = find("checks", Check)
    return found[NAMES[name]]


def heard(
    profile: Profile,
    request: Request,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
) -> Exchange:
    """A chat that was answered with 200, as if we had sent *request* ourselves."""
    asked = read_json(request.body)
    stream = isinstance(asked, dict) and asked.get("stream") is True
    return Exchange(
        probe=Probe(name="fuzzed", body=request.body, stream=stream),
        profile=profile,
        request=request,
        status=OK,
        headers=headers,
        arrivals=(Arrival(0.0, body),),
    )


def findings(name: str, exchange: Exchange) -> tuple[Finding, ...]:
    """What the check of that name says of a chat that was answered; waivers count."""
    check, profile = known(name), exchange.profile
    if exchange.status != OK or exchange.request.path != CHAT:
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
