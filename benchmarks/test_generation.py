"""How fast valid requests are drawn, beside Schemathesis's own strategy."""

from __future__ import annotations

import time

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from contract.catalog.profiles import builtin
from contract.model.chat import CHAT
from contract.model.wire import build_request
from contract.schema import openapi
from contract.strategies.requests import valid

PROFILE = builtin()["mistral-2025-10"]
QUIET = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


def rate(strategy, made, examples):
    """Cases a second of processor time, the best of three."""
    rates = []
    for _ in range(3):
        count = 0

        @settings(max_examples=examples, **QUIET)
        @given(strategy)
        def draw(case):
            nonlocal count
            made(case)
            count += 1

        started = time.process_time()
        draw()
        rates.append(count / (time.process_time() - started))
    return max(rates)


def test_valid_requests_are_drawn_faster_than_from_the_schema():
    narrow = openapi.for_dialect("mistral-2025-10", "Mistral202510", {CHAT})
    operation = schemathesis.openapi.from_dict(narrow)[CHAT]["POST"]
    ours = rate(valid(PROFILE), lambda probe: build_request(probe, PROFILE, "m"), 300)
    theirs = rate(operation.as_strategy(), lambda _: None, 60)

    print(
        f"\nvalid requests: {ours:.0f}/CPU s; from the schema: {theirs:.0f}/CPU s "
        f"({ours / theirs:.1f} times)"
    )

    assert ours > 8 * theirs
