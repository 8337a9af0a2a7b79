"""Reduction of a failing request to the smallest one that still fails."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from contract.client.session import NotAnswering, RequestLimitReached
from contract.fuzzing.events import Failure
from contract.fuzzing.semantics import NAMES, findings
from contract.model.chat import CHAT, Json
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import Request
from contract.run.minimise import minimise
from contract.run.verification import Verification
from contract.schema import openapi

# The number of requests that may be sent to reduce one failing request.
MAX_ATTEMPTS = 60


def smallest_request(
    verification: Verification, name: str, failure: Failure, deadline: float = math.inf
) -> Request:
    """
    Return the request of *failure* without the parts that the failure does not need.

    Only the bodies of chat requests are reduced.

    Args:
        verification: The target, which candidates are sent to.
        name: The name of the Schemathesis check that failed.
        failure: The failing request and its response.
        deadline: When to stop, by `time.monotonic`.
    """
    request = failure.request
    if (
        request.method != "POST"
        or request.path != CHAT
        or name not in {*_REPRODUCED, *NAMES}
    ):
        return request
    body = read_json(request.body)
    if body is MISSING:
        return request
    reproduced = _REPRODUCED.get(name) or _has_findings(name)
    prefix = verification.profile.dialect.prefix

    def reproduces(candidate: Json) -> bool:
        if time.monotonic() >= deadline:
            return False
        fits = openapi.accepts(prefix + "ChatRequest", candidate)
        if fits is (name == "negative_data_rejection"):
            return False
        probe = Probe(name=f"fuzz-{name}", body=_encoded(candidate))
        try:
            exchange = verification.session.send(probe)
        except (RequestLimitReached, NotAnswering):
            return False
        return exchange.status == failure.status and reproduced(exchange, prefix)

    smallest = minimise(cast("Json", body), reproduces, max_attempts=MAX_ATTEMPTS)
    return replace(request, body=_encoded(smallest))


def _encoded(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="surrogatepass")


def _same_status(_exchange: Exchange, _prefix: str) -> bool:
    """Return True: the status, which is always compared, is the whole failure."""
    return True


def _has_findings(name: str) -> Callable[[Exchange, str], bool]:
    """Return a predicate: does the check *name* of this package still have findings."""
    return lambda exchange, _prefix: bool(findings(name, exchange))


def _violates_schema(exchange: Exchange, prefix: str) -> bool:
    if exchange.streamed:
        values = [chunk.json for chunk in exchange.chunks]
        return not all(openapi.accepts(prefix + "ChatEvent", value) for value in values)
    return not openapi.accepts(prefix + "ChatResponse", exchange.json)


# How to recognise that an exchange reproduces a failure, beyond its status.
_REPRODUCED: Mapping[str, Callable[[Exchange, str], bool]] = {
    "not_a_server_error": _same_status,
    "negative_data_rejection": _same_status,
    "response_schema_conformance": _violates_schema,
}
