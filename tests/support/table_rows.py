"""Rows of a table of recordings, made by hand."""

from __future__ import annotations

import json

from contract.catalog.profiles import named
from contract.cli.table_rows import row
from contract.model.check import Check, Finding
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request
from contract.run.beside import Beside
from contract.run.report import Header, Outcome, Result

PROFILE = named("vllm-0.32")
HEADER = Header(
    target="http://llm.test",
    url="http://llm.test",
    profile="vllm-0.32",
    why="recorded",
    model="magistral-small-2509",
    version="0.3.0",
    started="2026-11-01T12:00:00+00:00",
)


def result(id, outcome, level="MUST"):
    check = Check(
        id=id,
        requirement=f"It {level} hold.",
        source="a document",
        sends=(),
        judge=lambda _exchange: iter(()),
    )
    findings = (Finding("it does not hold"),) if outcome is Outcome.FAIL else ()
    return Result(check=check, target="t", outcome=outcome, findings=findings)


RESULTS = (
    result("usage.a", Outcome.PASS),
    result("usage.b", Outcome.FAIL),
    result("usage.c", Outcome.FAIL, "SHOULD"),
    result("tools.a", Outcome.WAIVED),
    result("tools.b", Outcome.SKIP),
    result("schema.a", Outcome.SKIP),
)


def exchange(build="", *, streamed=False, status=200):
    body = {"choices": [], "system_fingerprint": build}
    if streamed:
        body["choices"] = [{"index": 0, "delta": {"content": "42"}}]
    raw = json.dumps(body).encode()
    data = b"data: " + raw + b"\n\n"
    kind = "text/event-stream" if streamed else "application/json"
    return Exchange(
        probe=Probe(name="sum"),
        profile=PROFILE,
        request=Request("POST", "/v1/chat/completions"),
        status=status,
        headers=(("content-type", kind),),
        arrivals=(Arrival(0.1, data if streamed else raw),),
        elapsed=0.2,
    )


def made(results=RESULTS, *exchanges, name="a", header=HEADER, beside=None):
    return row(
        name,
        header=header,
        results=results,
        exchanges=exchanges,
        profile=PROFILE,
        beside=beside or Beside(),
    )
