from __future__ import annotations

from dataclasses import replace

import pytest
from support.saved_sessions import PROFILE, made_check, saved_session

from contract.errors import CheckError
from contract.model.chat import Options
from contract.model.check import Finding, NotApplicable, Scope
from contract.model.exchange import End
from contract.model.probes import LIST_MODELS, SUM, SUM_WHOLE, TOOL_WHOLE
from contract.run.invariants import Replies, judge_replies, scopes_of
from contract.run.report import Header, Outcome
from contract.run.runner import judge_all, judge_check
from contract.run.verification import Verification

GOOD = {"body": b'{"id": "good"}'}
BAD = {"body": b'{"id": "bad"}'}
OTHER = {"body": b"{}"}
STREAM = {"body": b"data: {}\n\n", "headers": (("content-type", "text/event-stream"),)}


def says_bad(exchange):
    if "id" not in exchange.json:
        raise NotApplicable("the reply has no id")
    if exchange.json["id"] == "bad":
        yield Finding("the id is bad", "good", "bad", "/id")


def invariant(judge=says_bad, *, every=Scope.WHOLE, **more):
    return made_check(judge, sends=SUM_WHOLE, every=every, **more)


def samples(*answers, probe=SUM_WHOLE):
    """Repetitions of *probe* with the *answers*."""
    return tuple((replace(probe, sample=n), a) for n, a in enumerate(answers))


def results(checks, *answers, profile=PROFILE):
    session = saved_session(*answers, profile=profile)
    return {r.check.id: r for r in judge_all(checks, session, "target")}


def sender(probes):
    return made_check(id="other.sends", sends=tuple(probes))


def test_an_invariant_is_judged_on_what_other_checks_send():
    answers = (*samples(GOOD, GOOD), (TOOL_WHOLE, BAD))
    checks = (invariant(), sender(probe for probe, _ in answers))

    found = results(checks, *answers)["family.name"]

    assert found.outcome is Outcome.FAIL
    assert str(found.tally) == "broken in 1 of 3 replies: all with tools"
    assert [(f.message, f.at) for f in found.findings] == [
        ("the id is bad", "request tool-whole, /id")
    ]
    assert "--select family.name --select other.sends" in found.again
    assert found.curl.startswith("curl -sS http://nowhere.invalid/v1/chat/completions")
    assert found.exchanges[-1].probe == TOOL_WHOLE


def test_one_check_at_a_time_names_what_sent_the_broken_reply_too():
    answers = (*samples(GOOD, GOOD), (TOOL_WHOLE, BAD))
    names = ("target", "url", "profile", "why", "model", "version", "started")
    header = Header(**dict.fromkeys(names, ""))
    verification = Verification(
        target="target",
        session=saved_session(*answers),
        command=("magistral-contract", "verify", "target"),
        initial_header=header,
    )
    verification.run(sender(probe for probe, _ in answers))

    again = verification.run(invariant()).again

    assert again.endswith("--select family.name --select other.sends")


def test_a_sound_invariant_states_the_number_of_replies():
    answers = samples(GOOD, OTHER, GOOD)

    found = results((invariant(), sender(p for p, _ in answers)), *answers)[
        "family.name"
    ]

    assert found.outcome is Outcome.PASS
    assert str(found.tally) == "held in 2 of 2 replies"
    assert found.curl == ""


def test_an_invariant_without_a_reply_to_judge_is_skipped_with_the_reason():
    found = results((invariant(),), *samples(OTHER))["family.name"]

    assert (found.outcome, found.reason) == (Outcome.SKIP, "the reply has no id")
    assert found.tally is None


def test_an_invariant_whose_own_request_fails_is_judged_on_the_others():
    answers = ((SUM_WHOLE, {"status": 500, **OTHER}), (TOOL_WHOLE, GOOD))

    found = results((invariant(), sender([TOOL_WHOLE])), *answers)["family.name"]

    assert found.outcome is Outcome.PASS


def test_an_invariant_without_any_answer_has_the_verdict_of_its_own_request():
    found = results((invariant(),), (SUM_WHOLE, {"status": 500, **OTHER}))

    assert found["family.name"].outcome is Outcome.FAIL
    assert found["family.name"].findings[0].message == "unexpected status"


def test_a_crashing_judge_is_a_broken_check():
    def crashes(_exchange):
        yield from ()
        raise ZeroDivisionError("a bug")

    session = saved_session(*samples(GOOD))
    found = judge_check(invariant(crashes), session, "target")

    assert found.broken
    with pytest.raises(CheckError):
        judge_replies(invariant(crashes), session.exchanges())


def test_a_waiver_for_a_feature_excuses_the_replies_with_it():
    profile = replace(PROFILE, waivers={"family.name@tools": "known"})
    answers = (*samples(GOOD), (TOOL_WHOLE, BAD))
    checks = (invariant(), sender([TOOL_WHOLE]))

    found = results(checks, *answers, profile=profile)["family.name"]

    assert found.outcome is Outcome.PASS
    assert found.reason == "waived for replies with tools: known"


def test_a_waiver_for_a_feature_excuses_no_other_reply():
    profile = replace(PROFILE, waivers={"family.name@images": "known"})
    answers = (*samples(GOOD), (TOOL_WHOLE, BAD))
    checks = (invariant(), sender([TOOL_WHOLE]))

    assert results(checks, *answers, profile=profile)["family.name"].outcome is (
        Outcome.FAIL
    )


@pytest.mark.parametrize(
    ("probe", "answer", "scopes"),
    [
        (
            SUM_WHOLE,
            GOOD,
            {"responses", "attempts", "answers", "whole answers", "bodies"},
        ),
        (SUM, STREAM, {"responses", "attempts", "answers", "streams"}),
        (SUM_WHOLE, {"body": b"<html>"}, {"responses", "attempts", "bodies"}),
        (SUM, {**STREAM, "end": End.RESET}, {"responses", "attempts"}),
        (SUM, {**STREAM, "end": End.LEFT}, set()),
        (SUM_WHOLE, {"status": 400}, {"responses", "errors"}),
        (SUM_WHOLE, {"status": 503}, {"responses"}),
        (SUM_WHOLE, {"status": None, "end": End.REFUSED}, set()),
        (LIST_MODELS, {}, {"responses"}),
    ],
)
def test_the_scopes_of_an_exchange(probe, answer, scopes):
    exchange = saved_session((probe, answer)).send(probe)

    assert {scope.value for scope in scopes_of(exchange)} == scopes


def test_an_exchange_is_classed_once():
    session = saved_session(*samples(GOOD, GOOD))
    exchanges = [session.send(probe) for probe, _ in samples(GOOD, GOOD)]
    replies = Replies()

    for _ in range(2):
        assert replies.within(Scope.WHOLE, exchanges) == tuple(exchanges)


def test_the_smallest_failing_request_is_shown():
    long = replace(
        SUM_WHOLE, name="long", options=replace(SUM_WHOLE.options, stop=("x" * 9_000,))
    )
    short = replace(SUM_WHOLE, name="short", options=Options())
    answers = ((long, BAD), (short, BAD), *samples(BAD))

    found = results((invariant(), sender([long, short])), *answers)["family.name"]

    assert found.findings[0].at == "request short, /id"


def test_a_request_that_is_too_long_to_print_is_only_named():
    long = replace(
        SUM_WHOLE, name="long", options=replace(SUM_WHOLE.options, stop=("x" * 9_000,))
    )

    found = results((invariant(), sender([long])), (long, BAD), *samples(GOOD))

    assert found["family.name"].curl.startswith("the request long has")


class Panic(BaseException):
    """What an extension module in Rust raises: pyo3's PanicException."""


def panics_without_an_id(exchange):
    if "id" not in exchange.json:
        raise Panic("out of stack")
    yield from says_bad(exchange)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [((GOOD, OTHER, GOOD), Outcome.ERROR), ((OTHER, BAD), Outcome.FAIL)],
)
def test_a_reply_that_compiled_code_gives_up_on_hides_no_other(answers, outcome):
    sent = samples(*answers)
    checks = (invariant(panics_without_an_id), sender(p for p, _ in sent))

    found = results(checks, *sent)["family.name"]

    assert (found.outcome, found.broken) == (outcome, False)
    if outcome is Outcome.ERROR:
        assert found.reason.startswith("request sum-whole cannot be judged: compiled")


def test_replies_that_cannot_be_compared_are_not_judged():
    def judge(*_exchanges):
        raise Panic("out of stack")
        yield

    check = invariant(judge, across=True)

    found = results((check,), *samples(GOOD))["family.name"]

    assert (found.outcome, found.broken) == (Outcome.ERROR, False)
    assert "out of stack" in found.reason
