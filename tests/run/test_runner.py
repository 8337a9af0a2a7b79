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
from contract.model.check import ANY, Combined, Finding, Level, NotApplicable, Scope
from contract.model.probe import Fill, repeat
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.run.report import Outcome
from contract.run.runner import MOST_FINDINGS, at_level, judge_all, judge_check


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


@pytest.mark.parametrize("never_run", [False, True])
def test_what_a_profile_promises_that_was_never_run_is_a_should(never_run):
    profile = replace(PROFILE, never_run=never_run)
    check = at_level(made_check(), profile)

    assert check.level is (Level.SHOULD if never_run else Level.MUST)
    assert (Level.SHOULD.value in check.requirement) is never_run


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


ONE, BOTH = (replace(SUM, sample=number) for number in (1, 2))


def live(session, monkeypatch):
    """The recorded *session* as one that would send."""
    monkeypatch.setattr(Session, "is_recorded", False)
    session.thorough = False
    return session


def finds_a_failure(exchange):
    if exchange.status >= 500:
        yield Finding("failed")


def in_two_steps(judge=None, **combined):
    """A check of ONE that fails unless its combined request, BOTH, settles it."""
    shared = Combined(sends=(BOTH,), judge=judge or made_check().judge, **combined)
    return made_check(fails, sends=ONE, combined=shared)


@pytest.mark.parametrize(
    ("judge", "answer", "outcome", "seen"),
    [
        pytest.param(None, {}, Outcome.PASS, (BOTH,), id="a-clear-pass"),
        pytest.param(fails, {}, Outcome.FAIL, (ONE,), id="a-finding"),
        pytest.param(
            is_not_applicable, {}, Outcome.FAIL, (ONE,), id="nothing-to-judge"
        ),
        pytest.param(None, {"status": 400}, Outcome.FAIL, (ONE,), id="rejected"),
        pytest.param(None, {"status": 500}, Outcome.FAIL, (ONE,), id="failed"),
        pytest.param(crashes, {}, Outcome.ERROR, (BOTH,), id="a-broken-judge"),
    ],
)
def test_own_requests_are_judged_unless_combined_ones_are_a_clear_pass(
    monkeypatch, judge, answer, outcome, seen
):
    session = live(saved_session((ONE, {}), (BOTH, answer)), monkeypatch)
    result = judge_check(in_two_steps(judge), session, "mock")

    assert result.outcome is outcome
    assert tuple(exchange.probe for exchange in result.exchanges) == seen


def test_a_recording_without_the_combined_requests_is_judged_by_the_own_ones():
    result = judge_check(in_two_steps(), saved_session((ONE, {})), "mock")

    assert result.outcome is Outcome.FAIL


def test_a_recording_with_combined_requests_alone_is_judged_by_them():
    session = saved_session((BOTH, {}))

    assert judge_check(in_two_steps(), session, "mock").outcome is Outcome.PASS


def test_a_recording_that_has_the_own_requests_is_judged_by_them():
    session = saved_session((ONE, {}), (BOTH, {}))

    assert judge_check(in_two_steps(), session, "mock").outcome is Outcome.FAIL


def test_a_failure_at_a_combined_request_is_found_in_the_recording_too():
    session = saved_session((ONE, {}), (BOTH, {"status": 500}), (SUM_WHOLE, {}))
    law = made_check(
        finds_a_failure,
        id="law.one",
        sends=SUM_WHOLE,
        every=Scope.COMBINED,
        expects=ANY,
    )
    passes = replace(in_two_steps(), judge=made_check().judge)
    results = [result.outcome for result in judge_all([passes, law], session, "mock")]

    assert results == [Outcome.PASS, Outcome.FAIL]


def test_what_a_recording_leaves_open_is_skipped_with_the_finding():
    session = saved_session((BOTH, {}))
    result = judge_check(in_two_steps(fails), session, "mock")

    assert result.outcome is Outcome.SKIP
    assert result.reason.startswith("wrong; not in the recording (sum-streamed, ")
    assert [exchange.probe for exchange in result.exchanges] == [BOTH]


def test_combined_requests_need_not_be_judged_like_the_own_ones(monkeypatch):
    session = live(saved_session((ONE, {}), (BOTH, {"status": 400})), monkeypatch)
    check = in_two_steps(expects=frozenset({400}))

    assert judge_check(check, session, "mock").outcome is Outcome.PASS


def test_further_samples_are_not_sent_where_the_first_has_nothing_to_judge(monkeypatch):
    session = live(saved_session((ONE, {}), (BOTH, {})), monkeypatch)
    check = in_two_steps(is_not_applicable, samples=True)
    result = judge_check(check, session, "mock")

    assert (result.outcome, len(result.exchanges)) == (Outcome.SKIP, 1)
    assert result.exchanges[0].probe == BOTH


@pytest.mark.parametrize(
    ("status", "expects", "outcome"),
    [
        pytest.param(500, {200}, Outcome.FAIL, id="failed"),
        pytest.param(507, {200, 400}, Outcome.FAIL, id="failed-in-another-way"),
        pytest.param(400, {200}, Outcome.PASS, id="rejected"),
        pytest.param(503, {200}, Outcome.PASS, id="busy"),
        pytest.param(500, {500}, Outcome.PASS, id="asked-for"),
    ],
)
def test_a_server_that_fails_at_a_combined_request_is_found(
    monkeypatch, status, expects, outcome
):
    session = live(
        saved_session((ONE, {}), (BOTH, {"status": status}), (SUM_WHOLE, {})),
        monkeypatch,
    )
    law = made_check(
        finds_a_failure,
        id="law.one",
        sends=SUM_WHOLE,
        every=Scope.COMBINED,
        expects=ANY,
    )
    settled = replace(
        in_two_steps(expects=frozenset(expects)), judge=made_check().judge
    )
    results = {
        result.check.id: result.outcome
        for result in judge_all([settled, law], session, "mock")
    }

    assert results == {settled.id: Outcome.PASS, law.id: outcome}


@pytest.mark.parametrize(
    ("answer", "thorough", "waves"),
    [
        pytest.param({}, False, [[BOTH], []], id="settled"),
        pytest.param({"status": 400}, False, [[BOTH], [ONE]], id="open"),
        pytest.param({}, True, [[ONE], []], id="thorough"),
    ],
)
def test_own_requests_that_are_needed_are_sent_together(
    monkeypatch, answer, thorough, waves
):
    session = live(saved_session((ONE, {}), (BOTH, answer)), monkeypatch)
    session.thorough = thorough
    sent = []
    monkeypatch.setattr(session, "prefetch", lambda probes: sent.append([*probes]))

    list(judge_all([in_two_steps()], session, "mock"))

    assert sent == waves


@pytest.mark.parametrize(
    ("judge", "seen"), [(None, [BOTH]), (is_not_applicable, [ONE])]
)
def test_an_invariant_sends_its_own_requests_where_no_other_reply_is_judged(
    monkeypatch, judge, seen
):
    session = live(saved_session((ONE, {}), (BOTH, {})), monkeypatch)
    check = made_check(
        judge, sends=ONE, every=Scope.RESPONSES, combined=Combined(sends=(BOTH,))
    )
    result = judge_check(check, session, "mock")

    assert [exchange.probe for exchange in result.exchanges] == seen
