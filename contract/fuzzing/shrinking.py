"""The smallest request that still shows what Schemathesis found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from contract.client.session import (
    NotAnswering,
    RequestLimitReached,
)
from contract.fuzzing.seen import Failure
from contract.fuzzing.semantics import (
    NAMES,
    findings,
)
from contract.model.chat import (
    CHAT,
    Json,
    Probe,
)
from contract.model.exchange import Exchange
from contract.model.strict_json import (
    MISSING,
    read_json,
)
from contract.model.wire import Request
from contract.run.minimise import minimise
from contract.run.verification import Verification
from contract.schema import openapi

# Requests that may be spent to make one finding smaller.
MOST = 60


def smallest(verification: Verification, name: str, failure: Failure) -> Request:
    """The request with everything left out that the failure does not need."""
    request = failure.request
    if (
        request.method != "POST"
        or request.path != CHAT
        or name not in {*_SHOWN, *NAMES}
    ):
        return request
    body = read_json(request.body)
    if body is MISSING:
        return request
    shown = _SHOWN.get(name) or _told(name)
    prefix = verification.profile.dialect.prefix

    def shows(candidate: Json) -> bool:
        fits = openapi.accepts(prefix + "ChatRequest", candidate)
        if fits is (name == "negative_data_rejection"):
            return False
        probe = Probe(name=f"fuzz-{name}", body=_spelled(candidate))
        try:
            exchange = verification.session.send(probe)
        except (RequestLimitReached, NotAnswering):
            return False
        return exchange.status == failure.status and shown(exchange, prefix)

    return replace(
        request, body=_spelled(minimise(cast("Json", body), shows, most=MOST))
    )


def _spelled(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="surrogatepass")


def _status(_exchange: Exchange, _prefix: str) -> bool:
    return True


def _told(name: str) -> Callable[[Exchange, str], bool]:
    """Whether our own check of that name still has something to say."""
    return lambda exchange, _prefix: bool(findings(name, exchange))


def _misshapen(exchange: Exchange, prefix: str) -> bool:
    if exchange.streamed:
        values = [chunk.json for chunk in exchange.chunks]
        return not all(openapi.accepts(prefix + "ChatEvent", value) for value in values)
    return not openapi.accepts(prefix + "ChatResponse", exchange.json)


# How an exchange shows a failure again, beyond its status.
_SHOWN: Mapping[str, Callable[[Exchange, str], bool]] = {
    "not_a_server_error": _status,
    "negative_data_rejection": _status,
    "response_schema_conformance": _misshapen,
}
