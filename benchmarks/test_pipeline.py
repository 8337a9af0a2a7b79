"""Events a CPU second through bytes, parsed, schema and stream rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from contract.catalog.profiles import named
from contract.mock_server.provider import MockProvider
from contract.model.check import Check, NotApplicable
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import SUM, user
from contract.model.reply import rehearse
from contract.model.wire import build_request
from contract.plugins import discovery
from contract.schema import openapi

EVENTS = 2_000
# Every check that reads one streamed exchange: order, framing, schema, text.
FAMILIES = {"streaming", "schema"}


def recorded(dialect: str) -> Exchange:
    """A stream of 2,000 events as it would come off the wire, one read each."""
    profile = named(dialect)
    probe = replace(
        SUM,
        messages=(user("#loop"),),
        options=replace(SUM.options, max_tokens=EVENTS),
    )
    request = build_request(probe, profile, "magistral-small-2509")
    return rehearse(MockProvider(profile.dialect).reply(request), probe, profile)


def fresh(exchange: Exchange) -> Exchange:
    """The same exchange with nothing derived yet."""
    return replace(exchange, arrivals=tuple(exchange.arrivals))


def judged(exchange: Exchange, checks: tuple[Check, ...]) -> int:
    """How many findings all *checks* have about one exchange."""
    found = 0
    for check in checks:
        try:
            found += len(list(check.judge(exchange)))
        except NotApplicable:
            continue
    return found


def rate(work: Callable[[], object], events: int, rounds: int = 5) -> float:
    """Events of *work* a CPU second; the best round."""
    best = 0.0
    for _ in range(rounds):
        begun = time.process_time()
        work()
        best = max(best, events / (time.process_time() - begun))
    return best


@pytest.mark.parametrize("dialect", ["mistral-2026-08", "vllm-0.16", "llamacpp"])
def test_stream_rules_against_parsing_and_schema_alone(benchmark, dialect):
    exchange = recorded(dialect)
    checks = tuple(
        check
        for check in discovery.find("checks", Check).values()
        if check.family in FAMILIES and check.sends == (SUM,)
    )
    name = exchange.profile.dialect.prefix + "ChatEvent"
    lines = [
        arrival.data[6:].strip()
        for arrival in exchange.arrivals
        if isinstance(arrival, Arrival) and arrival.data.startswith(b"data: {")
    ]
    assert judged(fresh(exchange), checks) == 0

    benchmark.pedantic(lambda: judged(fresh(exchange), checks), rounds=5)
    ours = rate(lambda: judged(fresh(exchange), checks), len(lines))
    limit = rate(
        lambda: [openapi.accepts(name, orjson.loads(line)) for line in lines],
        len(lines),
    )
    benchmark.extra_info["checks"] = len(checks)
    benchmark.extra_info["events_per_cpu_second"] = round(ours)
    benchmark.extra_info["parse_and_schema_alone"] = round(limit)
    benchmark.extra_info["ratio"] = round(ours / limit, 3)
    print(
        f"\n{dialect}: {ours:,.0f} events a CPU second through {len(checks)} checks; "
        f"parse and schema alone {limit:,.0f}, ratio {ours / limit:.2f}"
    )

    assert ours > 0
