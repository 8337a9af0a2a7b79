"""One stream through all its judges, beside a parser and a schema validator alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import orjson
import pytest
from streams import judged, judges, recorded

from contract.model.check import Check
from contract.model.exchange import Exchange
from contract.model.redaction import Secrets
from contract.plugins import discovery
from contract.schema import openapi
from contract.testing.rehearsal import clean, requests

DIALECTS = ["mistral-2026-08", "vllm-0.32", "llamacpp"]
EVENTS = 2_000
LONG = 131_072  # the longest answer of the model
HERE = Path(__file__).parent


def parse_and_validate(exchange: Exchange) -> int:
    """What no judge can do without: split, parse, validate; the invalid events."""
    schema = openapi.schema(exchange.profile.dialect.prefix + "ChatEvent")
    is_valid = jsonschema_rs.Draft202012Validator(schema).is_valid
    loads = orjson.loads
    text = b"".join(arrival.data for arrival in exchange.arrivals).decode()
    return sum(
        not is_valid(loads(block[6:]))
        for block in text.split("\n\n")
        if block.startswith("data: {")
    )


def fresh(exchange: Exchange) -> Exchange:
    """The same exchange with nothing derived yet."""
    return replace(exchange)


def fastest(*works: Callable[[], object], rounds: int = 5) -> list[float]:
    """CPU seconds of each of *works* in its best round, one after the other."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for number, work in enumerate(works):
            begun = time.process_time()
            work()
            best[number] = min(best[number], time.process_time() - begun)
    return best


@pytest.mark.parametrize("dialect", DIALECTS)
def test_judges_against_parsing_and_schema_alone(benchmark, dialect):
    exchange = recorded(dialect, EVENTS)
    long = recorded(dialect, LONG)
    checks = judges(recorded(dialect, 200))
    assert parse_and_validate(exchange) == judged(fresh(exchange), checks) == 0

    benchmark.pedantic(lambda: judged(fresh(exchange), checks), rounds=5)
    ours, peer = fastest(
        lambda: judged(fresh(exchange), checks), lambda: parse_and_validate(exchange)
    )
    ours_long, peer_long = fastest(
        lambda: judged(fresh(long), checks), lambda: parse_and_validate(long), rounds=3
    )
    count, count_long = len(exchange.arrivals), len(long.arrivals)
    growth = ours_long / count_long / (ours / count)
    benchmark.extra_info.update(
        checks=len(checks),
        events_per_cpu_second=round(count / ours),
        parse_and_schema_alone=round(count / peer),
        ratio=round(peer / ours, 3),
        long_ratio=round(peer_long / ours_long, 3),
        growth=round(growth, 2),
    )
    print(
        f"\n{dialect}: {count / ours:,.0f} events a CPU second through {len(checks)} "
        f"checks; parse and schema alone {count / peer:,.0f}: ratio {peer / ours:.2f}; "
        f"of {count_long:,} events {count_long / ours_long:,.0f} and "
        f"{count_long / peer_long:,.0f}: ratio {peer_long / ours_long:.2f}, "
        f"{growth:.2f} times the cost of an event"
    )

    assert ours > 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_memory_of_the_longest_stream(benchmark, dialect):
    command = [sys.executable, str(HERE / "peak.py"), dialect, str(LONG)]
    done = benchmark.pedantic(
        lambda: subprocess.run(command, check=True, capture_output=True, text=True),
        rounds=1,
    )
    events, size = map(int, done.stdout.split())
    benchmark.extra_info["megabytes"] = round(size / 1e6)
    print(f"\n{dialect}: {size / 1e6:.0f} MB at most for {events:,} events")

    assert size > 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_judges_on_every_exchange_of_a_run(benchmark, dialect):
    rehearsal = clean(dialect)
    probes = {
        probe
        for check in discovery.find("checks", Check).values()
        if check.explores is None
        for probe in requests(check, rehearsal.profile)
    }
    exchanges = [rehearsal.send(probe) for probe in probes]
    checks = judges(recorded(dialect, 200))

    def judge_all() -> None:
        for exchange in exchanges:
            judged(fresh(exchange), checks)

    benchmark.pedantic(judge_all, rounds=1)
    (seconds,) = fastest(judge_all, rounds=3)
    benchmark.extra_info["cpu_seconds"] = round(seconds, 3)
    print(f"\n{dialect}: {len(exchanges)} exchanges in {seconds:.2f} CPU s")

    assert seconds > 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_masking_against_parsing_and_schema_alone(benchmark, dialect):
    """What looking for a key in a stream costs, beside what is needed anyway."""
    exchange = recorded(dialect, EVENTS)
    body = b"".join(arrival.data for arrival in exchange.arrivals)
    secrets = Secrets("sk-0123456789-abcdefghijklmnop")
    bare, masking = fastest(
        lambda: parse_and_validate(exchange),
        lambda: secrets.mask_bytes(body, stream=True),
    )
    benchmark.pedantic(lambda: secrets.mask_bytes(body, stream=True), rounds=1)
    benchmark.extra_info["ratio to parsing and schema"] = round(masking / bare, 2)
    print(f"\n{dialect}: masking takes {masking / bare:.2f} of parsing and schema")

    assert secrets.mask_bytes(body, stream=True) is body
