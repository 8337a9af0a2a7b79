"""`contract.watching.state`: a change counts once it was seen twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import ERROR, FAIL, MUST, OTHER, PASS, SHOULD, SKIP, report

from contract.watching.state import Condition, Kind, Watched, is_away

AT = "2026-11-27T00:00:00+00:00"
AWAY = report(trouble="one cannot be reached: refused.\n  a log")


def watched(*runs):
    """A target after *runs*, each (first outcome, repeated outcome or None) of MUST."""
    target, changes = Watched(target="one"), []
    for first, again in runs:
        changes.append(settled(target, first, again))
    return target, changes


def settled(target, first, again):
    one = first if first is AWAY else report((MUST, first))
    two = again if again is AWAY or again is None else report((MUST, again))
    return [change.kind.value for change in target.settle(one, two, at=AT)]


def test_a_failure_that_happens_again_is_a_change():
    target, changes = watched((PASS, None), (FAIL, FAIL), (FAIL, None))

    assert changes == [[], ["broken"], []]
    assert target.failing == {MUST.id: "wrong"}
    assert target.condition is Condition.FAILING


def test_a_failure_that_does_not_happen_again_is_none():
    target, changes = watched((PASS, None), (FAIL, PASS), (PASS, None), (FAIL, PASS))

    assert changes == [[]] * 4
    assert (target.unconfirmed, target.condition) == (2, Condition.PASSING)


def test_a_failure_in_two_runs_in_a_row_is_confirmed_by_the_second():
    _, changes = watched((PASS, None), (FAIL, PASS), (FAIL, None))

    assert changes == [[], [], ["broken"]]


@pytest.mark.parametrize("again", [SKIP, ERROR, AWAY])
def test_a_repetition_that_judges_nothing_confirms_nothing(again):
    _, changes = watched((PASS, None), (FAIL, again))

    assert changes == [[], []]


def test_what_is_fixed_is_confirmed_too():
    target, changes = watched(
        (FAIL, FAIL), (PASS, FAIL), (PASS, None), (PASS, PASS), (PASS, None)
    )

    assert changes == [["broken"], [], [], ["fixed"], []]
    assert target.condition is Condition.PASSING


@pytest.mark.parametrize("outcome", [SKIP, ERROR])
def test_what_is_not_judged_stays_what_it_was(outcome):
    target, changes = watched((FAIL, FAIL), (outcome, None))

    assert changes == [["broken"], []]
    assert target.condition is Condition.FAILING


def test_a_target_that_is_away_is_one_change_and_so_is_its_return():
    target, changes = watched(
        (PASS, None), (AWAY, AWAY), (AWAY, None), (PASS, None), (PASS, None)
    )

    assert changes == [[], ["away"], [], ["back"], []]
    assert target.condition is Condition.PASSING


def test_a_target_that_answers_the_second_time_is_not_away():
    target, changes = watched((PASS, None), (AWAY, PASS))

    assert changes == [[], []]
    assert target.condition is Condition.PASSING


def test_a_target_that_comes_back_broken_is_two_changes():
    _, changes = watched((PASS, None), (AWAY, AWAY), (FAIL, FAIL))

    assert changes[-1] == ["back", "broken"]


def test_a_sentence_and_the_json_say_what_and_since_when():
    target = Watched(target="one")
    (away,) = target.settle(AWAY, AWAY, at=AT)
    (back,) = target.settle(report((MUST, PASS)), None, at="later")
    one = report((MUST, FAIL), (OTHER, FAIL))
    (broken,) = target.settle(one, one, at="later")

    assert away.sentence == f"away since {AT}: one cannot be reached: refused."
    assert back.sentence == f"back; it was away since {AT}"
    assert broken.sentence == f"broken {MUST.id}, {OTHER.id}: wrong"
    assert broken.json["checks"][0] == {"check": MUST.id, "message": "wrong"}
    assert broken.json["text"] == f"one: {broken.sentence}"
    assert broken.json["condition"] == "failing"


def test_a_warning_is_no_failure_unless_it_is_strict():
    one = report((SHOULD, FAIL))
    strict = replace(one, strict=True)

    assert Watched(target="one").settle(one, one, at=AT) == ()
    (change,) = Watched(target="one").settle(strict, strict, at=AT)
    assert change.kind is Kind.BROKEN


def test_only_doubtful_checks_are_repeated_with_those_that_send_for_them():
    again = (
        f"magistral-contract verify one --select {MUST.id} --select reasoning.sender"
    )
    one = report((MUST, FAIL), (OTHER, PASS))
    one = replace(
        one, results=tuple(replace(result, again=again) for result in one.results)
    )
    target = Watched(target="one")

    assert target.to_repeat(one) == (MUST.id, "reasoning.sender")
    target.settle(one, one, at=AT)
    assert target.to_repeat(one) == ()
    assert target.to_repeat(report((MUST, PASS))) == (MUST.id,)
    assert target.to_repeat(AWAY) == ()


def test_what_was_stored_is_known():
    target = Watched(target="one")
    target.remember(report((MUST, FAIL)))

    assert settled(target, FAIL, None) == []
    assert target.condition is Condition.FAILING
    assert is_away(AWAY)
    assert not is_away(report((MUST, ERROR), trouble="cut off"))


OUTCOMES = st.sampled_from([PASS, FAIL, SKIP, ERROR])


@given(st.lists(st.tuples(OUTCOMES, OUTCOMES), max_size=30))
def test_changes_alternate(runs):
    """Whatever happens, nothing breaks twice, or is fixed that was not broken."""
    target = Watched(target="one")
    kinds = [kind for run in runs for kind in settled(target, *run)]

    assert kinds == ["broken", "fixed"] * (len(kinds) // 2) + ["broken"] * (
        len(kinds) % 2
    )
