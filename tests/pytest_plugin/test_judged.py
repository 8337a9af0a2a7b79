from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.model.chat import Probe
from contract.model.check import (
    Check,
    Finding,
)
from contract.model.exchange import (
    Arrival,
    Exchange,
)
from contract.model.profile import Profile
from contract.model.wire import Request
from contract.providers.vllm.dialect import VLLM_0_16
from contract.pytest_plugin.judged import (
    Judged,
    Unopened,
    pack,
    unpack,
)
from contract.run.report import (
    Header,
    Outcome,
    Result,
)

PROFILE = Profile(id="mine", dialect=VLLM_0_16)
CHECK = Check(
    id="a.b", requirement="It MUST hold.", source="house", sends=(), judge=iter
)
SHOULD = replace(CHECK, requirement="It SHOULD hold.")
HEADER = Header(
    target="mock",
    url="http://127.0.0.1:1",
    profile="mine",
    why="as told",
    model="m",
    version="0.1.0",
    started="now",
    notes=("a note",),
)
EXCHANGE = Exchange(
    probe=Probe(name="sum"),
    profile=PROFILE,
    request=Request("POST", "/v1/chat/completions"),
    status=200,
    arrivals=(Arrival(0.25, b"{}"),),
    elapsed=0.5,
)
FAILED = Result(
    check=CHECK,
    target="mock",
    outcome=Outcome.FAIL,
    findings=(Finding("it did not \x1b[2J", "x", "y", "z"),),
    again="magistral-contract verify mock --select a.b",
    exchanges=(EXCHANGE,),
    seconds=0.5,
)


def _ends(result, *, strict=False):
    """How a test that enforces *result* ends, and what it says."""
    try:
        Judged(result, HEADER, strict).enforce()
    except pytest.skip.Exception as why:
        return "skip", why.msg
    except pytest.xfail.Exception as why:
        return "xfail", why.msg
    except pytest.fail.Exception as why:
        return "fail", why.msg
    return "pass", ""


@pytest.mark.parametrize(
    ("result", "strict", "end"),
    [
        pytest.param(replace(FAILED, outcome=Outcome.PASS), False, "pass", id="pass"),
        pytest.param(replace(FAILED, outcome=Outcome.SKIP), False, "skip", id="skip"),
        pytest.param(
            replace(FAILED, outcome=Outcome.WAIVED), True, "xfail", id="waived"
        ),
        pytest.param(replace(FAILED, outcome=Outcome.ERROR), False, "fail", id="error"),
        pytest.param(FAILED, False, "fail", id="must"),
        pytest.param(replace(FAILED, check=SHOULD), False, "xfail", id="should"),
        pytest.param(replace(FAILED, check=SHOULD), True, "fail", id="strict-should"),
    ],
)
def test_an_outcome_becomes_that_of_the_test(result, strict, end):
    assert _ends(result, strict=strict)[0] == end


def test_a_failure_tells_requirement_finding_and_command_inertly():
    _, text = _ends(FAILED)

    assert text.splitlines() == [
        "a.b   MUST   mock",
        "It MUST hold.",
        "it did not \\x1b[2J",
        "  expected  x",
        "  actual    y",
        "  at        z",
        "again: magistral-contract verify mock --select a.b",
        "source: house",
        "profile: mine (as told)",
    ]


def test_what_travels_is_plain_and_comes_back_whole():
    packed = pack(Judged(FAILED, HEADER), exchanges=True)
    back = unpack(json.loads(json.dumps(packed)), {"a.b": CHECK}, {"mine": PROFILE})

    assert back.header == HEADER
    assert back.result.findings == FAILED.findings
    assert back.result.exchanges[0].arrivals == EXCHANGE.arrivals
    assert replace(back.result, exchanges=()) == replace(FAILED, exchanges=())


def test_exchanges_travel_only_when_wanted():
    packed = pack(Judged(FAILED, HEADER), exchanges=False)

    assert packed["exchanges"] == []


def test_a_target_that_cannot_be_opened_says_so_once():
    unopened = Unopened("mock", "nobody answers")
    first = unopened.judged(CHECK, strict=False)
    second = unopened.judged(CHECK, strict=False)

    assert (first.result.outcome, first.result.reason) == (
        Outcome.ERROR,
        "nobody answers",
    )
    assert second.result.outcome is Outcome.SKIP
    assert first.header.trouble == "nobody answers"
