"""Results of checks as outcomes of tests, and their serialisation."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.model.check import Check, Finding
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.wire import Request
from contract.providers.vllm.dialect import VLLM_0_16
from contract.pytest_plugin.judged import Judged, Unopened, pack, unpack
from contract.run.report import Header, Outcome, Result

PROFILE = Profile(id="mine", dialect=VLLM_0_16)
CHECK = Check(
    id="a.b", requirement="It MUST hold.", source="house", sends=(), judge=iter
)
SHOULD = replace(CHECK, requirement="It SHOULD hold.")
HEADER = Header(
    target="mock",
    url="http://127.0.0.1:1",
    profile="mine",
    why="given by --profile",
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
    """Return the outcome and the message of a test that enforces *result*."""
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
def test_the_outcome_of_the_check_is_that_of_the_test(result, strict, end):
    assert _ends(result, strict=strict)[0] == end


def test_a_failed_should_is_a_warning():
    _, text = _ends(replace(FAILED, check=SHOULD))

    assert text.startswith("warning: SHOULD failed: it did not")


def test_a_failure_shows_requirement_finding_and_command():
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
        "profile: mine (given by --profile)",
    ]


def test_a_packed_result_survives_json():
    packed = pack(Judged(FAILED, HEADER), exchanges=True)
    unpacked = unpack(json.loads(json.dumps(packed)), {"a.b": CHECK}, {"mine": PROFILE})

    assert unpacked.header == HEADER
    assert unpacked.result.findings == FAILED.findings
    assert unpacked.result.exchanges[0].arrivals == EXCHANGE.arrivals
    assert replace(unpacked.result, exchanges=()) == replace(FAILED, exchanges=())


def test_exchanges_are_packed_on_request_only():
    packed = pack(Judged(FAILED, HEADER), exchanges=False)

    assert packed["exchanges"] == []


def test_a_target_that_cannot_be_opened_is_one_error():
    unopened = Unopened("mock", "nothing listens")
    first = unopened.judged(CHECK, strict=False)
    second = unopened.judged(CHECK, strict=False)

    assert (first.result.outcome, first.result.reason) == (
        Outcome.ERROR,
        "nothing listens",
    )
    assert second.result.outcome is Outcome.SKIP
    assert first.header.trouble == "nothing listens"
