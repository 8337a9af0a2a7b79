"""A hand-made report with every outcome, and hostile text in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.check import Check, Finding
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.wire import Request
from contract.providers.vllm.dialect import VLLM_0_16
from contract.run.report import Header, Outcome, Report, Result, Tally

HOSTILE = "so \x1b[31m[red]42[/red]\x00 <b>&\u202e\ud800]]>"


def _judge(_exchange):
    yield Finding("never")


def _check(id, level="MUST"):
    return Check(
        id=id,
        requirement=f"The requirement of {id} {level} be met.",
        source="OpenAI API reference",
        sends=(),
        judge=_judge,
    )


def _exchange(dialect):
    event = b'data: {"choices":[{"index":0,"delta":{"content":"42"}}]}\n\n'
    return Exchange(
        probe=Probe(name="sum"),
        profile=Profile(id="vllm-0.16", dialect=dialect),
        request=Request("POST", "/v1/chat/completions"),
        status=200,
        headers=(("content-type", "text/event-stream"),),
        arrivals=(Arrival(0.052, event), Arrival(0.134, event)),
        elapsed=0.2,
    )


def _again(target, check):
    return f"magistral-contract verify {target} --select {check}"


@pytest.fixture
def passed():
    """A report of one target that passed."""
    header = Header(
        target="mock",
        url="http://127.0.0.1:41234",
        profile="mistral-2026-08",
        why="declared by the target",
        model="magistral-medium-latest",
        version="0.1.0",
        started="2026-08-01T12:00:00+00:00",
        seconds=1.25,
        requests=3,
    )
    result = Result(
        check=_check("streaming.ends-with-done"), target="mock", outcome=Outcome.PASS
    )
    return Report(
        headers=(header,),
        results=(
            result,
            replace(result, check=_check("usage.sums-up", "SHOULD")),
            replace(
                result,
                check=_check("context.needle-is-found"),
                outcome=Outcome.SKIP,
                reason="slow; add --slow",
            ),
        ),
    )


@pytest.fixture
def report(passed):
    """A report of two targets with every outcome."""
    target = "mock:vllm"
    header = replace(
        passed.headers[0],
        target=target,
        profile="vllm-0.16",
        why="GET /version returned 0.16.0",
        notes=("the loopback baseline is 0.4 ms",),
    )
    failed = Result(
        check=_check("reasoning.precedes-answer"),
        target=target,
        outcome=Outcome.FAIL,
        findings=(
            Finding(
                "reasoning resumed after the answer began",
                expected="only answer text after event 9",
                actual=f"reasoning {HOSTILE!s}",
                at="event 11, +0.134 s",
                hint=f"start it with --reasoning-parser {HOSTILE}",
            ),
            Finding("a second finding"),
        ),
        again=_again(target, "reasoning.precedes-answer"),
        seconds=0.2,
        tally=Tally(judged=231, broken=7, where="all streamed, with tools"),
        curl=f"curl -sS http://127.0.0.1:1/v1 -d '{HOSTILE}'",
    )
    should = _check("usage.counts-reasoning", "SHOULD")
    results = (
        replace(failed, check=_check("streaming.ends-with-done"), outcome=Outcome.PASS),
        failed,
        replace(failed, check=should, again=_again(target, should.id)),
        replace(
            failed,
            check=_check("rejections.unknown-model"),
            outcome=Outcome.WAIVED,
            reason="vllm-project/vllm#1: answers 404 with text",
        ),
        Result(
            check=_check("schema.error"),
            target=target,
            outcome=Outcome.ERROR,
            reason="the server could not answer (503)",
            again=_again(target, "schema.error"),
        ),
        *(
            Result(
                check=_check(f"multimodal.{name}"),
                target=target,
                outcome=Outcome.SKIP,
                reason="vllm-0.16 does not offer vision",
            )
            for name in ("image-by-data-uri", "image-by-url", "several-images")
        ),
        *(
            Result(
                check=_check(f"rejections.{name}"),
                target=target,
                outcome=Outcome.SKIP,
                reason=f"vllm-0.16 tolerates {name}",
            )
            for name in ("unknown-field", "model-missing")
        ),
    )
    return Report(
        headers=(*passed.headers, header), results=(*passed.results, *results)
    )


@pytest.fixture
def timed(report):
    """The same report with the exchanges of each result."""
    exchange = _exchange(VLLM_0_16)
    return replace(
        report,
        results=tuple(
            replace(r, exchanges=() if r.outcome is Outcome.SKIP else (exchange,))
            for r in report.results
        ),
    )
