"""Outcomes of a check: judging, waivers and the command that repeats it."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from support.saved_sessions import (
    PROFILE,
    crashes,
    fails,
    is_not_applicable,
    made_check,
    saved_session,
)

from contract.client.session import Session
from contract.model.check import Finding, NotApplicable
from contract.model.probe import Fill, repeat
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.run.report import Outcome
from contract.run.runner import MOST_FINDINGS, judge_all, judge_check


def finds_then_is_not_applicable(*_exchanges):
    yield Finding("wrong")
    raise NotApplicable("the rest cannot be judged")


@pytest.mark.parametrize(
    ("judge", "outcome"),
    [
        pytest.param(None, Outcome.PASS, id="passes"),
        pytest.param(fails, Outcome.FAIL, id="fails"),
        pytest.param(crashes, Outcome.ERROR, id="crashes"),
        pytest.param(is_not_applicable, Outcome.SKIP, id="not-applicable"),
        pytest.param(finds_then_is_not_applicable, Outcome.FAIL, id="findings-count"),
    ],
)
def test_the_judge_decides_the_outcome(judge, outcome):
    result = judge_check(made_check(judge), saved_session((SUM, {})), "mock")

    assert result.outcome is outcome
    assert result.broken is (judge is crashes)


def test_a_crashed_check_is_reported_and_does_not_raise():
    result = judge_check(made_check(crashes), saved_session((SUM, {})), "mock")

    assert "check family.name is broken: ZeroDivisionError: a bug" in result.reason
    assert [f.message for f in result.findings] == ["one thing is wrong"]


def test_a_judge_receives_one_exchange_per_probe_in_order():
    seen = []

    def judge(*exchanges):
        seen.extend(e.status for e in exchanges)
        yield from ()

    session = saved_session((SUM, {}), (SUM_WHOLE, {"status": 201}))
    both = made_check(judge, sends=(SUM_WHOLE, SUM), expects=frozenset({200, 201}))

    result = judge_check(both, session, "mock")

    assert seen == [201, 200]
    assert len(result.exchanges) == 2


def test_the_number_of_findings_is_bounded():
    def judge(_exchange):
        while True:
            yield Finding("again")

    result = judge_check(made_check(judge), saved_session((SUM, {})), "mock")

    assert len(result.findings) == MOST_FINDINGS


def test_a_missing_capability_skips_the_check():
    check = made_check(needs={Capability.MODEL_CARD, Capability.KEY_REQUIRED})
    session = saved_session()

    result = judge_check(check, session, "mock")

    assert result.outcome is Outcome.SKIP
    assert result.reason == "vllm-0.16 does not offer key-required, model-card"
    assert result.exchanges == ()


def test_a_request_that_was_not_recorded_skips_the_check():
    result = judge_check(made_check(), saved_session(), "mock")

    assert result.outcome is Outcome.SKIP
    assert "not in the recording" in result.reason


def test_a_slow_check_runs_only_with_slow():
    slow, session = made_check(slow=True), saved_session((SUM, {}))

    skipped, ran = (
        judge_check(slow, session, "mock"),
        judge_check(slow, session, "mock", slow=True),
    )

    assert (skipped.outcome, skipped.reason) == (Outcome.SKIP, "slow; add --slow")
    assert ran.outcome is Outcome.PASS
    assert ran.again.endswith(" --slow")


def test_a_used_up_allowance_is_an_error_that_names_the_option():
    with Session("http://nowhere.invalid", PROFILE, "m", allowance=0) as session:
        result = judge_check(made_check(), session, "mock")

    assert result.outcome is Outcome.ERROR
    assert "--max-requests" in result.reason
    assert not result.broken


WAIVED = replace(PROFILE, waivers={"family.name": "known upstream"})


@pytest.mark.parametrize(
    ("judge", "outcome", "reason"),
    [
        pytest.param(fails, Outcome.WAIVED, "known upstream", id="still-fails"),
        pytest.param(None, Outcome.FAIL, "", id="passes-again"),
        pytest.param(
            is_not_applicable,
            Outcome.SKIP,
            "no reasoning in this reply",
            id="nothing-to-judge",
        ),
    ],
)
def test_a_waiver_applies_to_failures_only(judge, outcome, reason):
    session = saved_session((SUM, {}), profile=WAIVED)

    result = judge_check(made_check(judge), session, "mock")

    assert (outcome, reason) == (result.outcome, result.reason)


def test_an_unneeded_waiver_is_a_failure():
    result = judge_check(made_check(), saved_session((SUM, {}), profile=WAIVED), "mock")

    assert "the waiver is out of date" in result.findings[0].message
    assert "known upstream" in result.findings[0].expected


def test_an_unneeded_built_in_waiver_is_only_mentioned():
    shipped = replace(WAIVED, shipped=frozenset({"family.name"}))
    result = judge_check(
        made_check(), saved_session((SUM, {}), profile=shipped), "mock"
    )

    assert result.outcome is Outcome.PASS
    assert "known upstream" in result.reason


def test_a_waiver_does_not_hide_a_crashed_check():
    result = judge_check(
        made_check(crashes), saved_session((SUM, {}), profile=WAIVED), "mock"
    )

    assert (Outcome.ERROR, True) == (result.outcome, result.broken)


def test_again_is_quoted_for_the_shell():
    target = "mock:vllm?ttft=80ms&fault=no-done"

    result = judge_check(made_check(), saved_session((SUM, {})), target)

    assert shlex.split(result.again) == [
        "magistral-contract",
        "verify",
        target,
        "--select",
        "family.name",
    ]


def test_again_extends_the_given_command():
    command = ("magistral-contract", "replay", "a folder")

    result = judge_check(
        made_check(), saved_session((SUM, {})), "mock", command=command
    )

    assert result.again == ("magistral-contract replay 'a folder' --select family.name")


def test_every_check_has_a_result_in_order():
    checks = [
        made_check(fails, id="b.one"),
        made_check(id="a.two", slow=True),
        made_check(id="a.three", sends=SUM_WHOLE),
    ]
    session = saved_session((SUM, {}), (SUM_WHOLE, {}))

    results = list(judge_all(checks, session, "mock"))

    assert [(r.check.id, r.outcome.value) for r in results] == [
        ("b.one", "fail"),
        ("a.two", "skip"),
        ("a.three", "pass"),
    ]


def test_an_impossible_prompt_length_skips_the_check():
    short = replace(SUM, fill=Fill(5))
    result = judge_check(made_check(sends=short), saved_session(), "mock")

    assert result.outcome is Outcome.SKIP
    assert "does not fit into a prompt of 5 tokens" in result.reason


@pytest.mark.parametrize(
    ("judge", "outcome"),
    [
        pytest.param(None, Outcome.PASS, id="passes"),
        pytest.param(fails, Outcome.FAIL, id="fails"),
        pytest.param(is_not_applicable, Outcome.SKIP, id="not-applicable"),
    ],
)
def test_figures_are_reported_for_every_verdict(judge, outcome):
    def measures(exchange):
        return {"ttft_max": exchange.elapsed}

    session = saved_session((SUM, {"elapsed": 0.25}))
    result = judge_check(made_check(judge, measures=measures), session, "mock")

    assert (outcome, {"ttft_max": 0.25}) == (result.outcome, result.figures)


def test_an_exchange_of_unexpected_status_is_not_judged():
    def measures(exchange):
        return {"ttft_max": exchange.elapsed}

    session = saved_session((SUM, {"status": 500}))
    result = judge_check(made_check(crashes, measures=measures), session, "mock")

    assert (Outcome.FAIL, {}) == (result.outcome, result.figures)
    assert ["unexpected status"] == [finding.message for finding in result.findings]
    assert 1 == len(result.exchanges)


def sampled(judge, *answers):
    """The result of a check that measures one request, repeated for each answer."""
    probes = repeat(SUM, len(answers))
    check = made_check(judge, sends=probes, measures=lambda *seen: {"n": len(seen)})
    session = saved_session(*zip(probes, answers, strict=True))
    return judge_check(check, session, "target")


GOOD = {
    "body": b'data: {"choices":[]}\n\n',
    "headers": (("content-type", "text/event-stream"),),
}
FAILED = {**GOOD, "body": b'data: {"error":{"message":"no memory"}}\n\n'}


def test_samples_that_failed_are_counted_and_not_measured():
    seen = []

    def judge(*exchanges):
        seen.extend(exchanges)
        yield from ()

    result = sampled(judge, GOOD, FAILED, GOOD)

    assert result.outcome is Outcome.FAIL
    assert result.findings[0].message == "1 of 3 samples failed and do not count"
    assert "no memory" in result.findings[0].actual
    assert (len(seen), result.figures) == (2, {"n": 2})
    assert len(result.exchanges) == 3


def test_a_measurement_without_an_answered_sample_cannot_be_judged():
    result = sampled(fails, FAILED, FAILED)

    assert result.outcome is Outcome.ERROR
    assert "no memory" in result.reason


class Panic(BaseException):
    """What an extension module in Rust raises: pyo3's PanicException."""


def panics(_exchange):
    yield Finding("before")
    raise Panic("called `Result::unwrap()` on an `Err` value")


def needs_memory(_exchange):
    raise MemoryError
    yield


@pytest.mark.parametrize(
    ("judge", "reason"),
    [
        (panics, "cannot be judged: compiled code failed (Panic: called `Result::unw"),
        (needs_memory, "cannot be judged: the memory of this machine is used up"),
    ],
)
def test_what_compiled_code_gives_up_on_is_not_judged(judge, reason):
    result = judge_check(made_check(judge), saved_session((SUM, {})), "mock")

    assert result.outcome is Outcome.ERROR
    assert result.reason.startswith(reason)
    assert not result.broken


def test_an_interruption_in_a_judge_ends_the_run():
    def judge(_exchange):
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        judge_check(made_check(judge), saved_session((SUM, {})), "mock")
