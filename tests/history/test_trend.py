"""`contract.history.trend`: timelines and sparklines from run to run."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import ERROR, FAIL, MUST, OTHER, PASS, SHOULD, SKIP, WAIVED, report

from contract.history.trend import BARS, DIGITS, read_trend, sparkline, streaks


def test_a_timeline_has_a_letter_for_each_run(history):
    for outcome in (PASS, FAIL, WAIVED, SKIP, ERROR, PASS):
        one = report((MUST, outcome), (OTHER, PASS), (SHOULD, SKIP))
        history.add(one, kind="verify")
    history.add(report((OTHER, PASS)), kind="verify")
    history.add(report((MUST, FAIL), target="another"), kind="verify")
    trend = read_trend(history, "one", last=60)

    assert [(one.check, one.letters) for one in trend.checks] == [(MUST.id, ".FwsE. ")]
    assert [run.id for run in trend.runs] == [1, 2, 3, 4, 5, 6, 7]
    assert read_trend(history, "one", last=3).checks[0].letters == "E. "


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param(OTHER.id, {OTHER.id}, id="id"),
        pytest.param(OTHER.family, {OTHER.id}, id="family"),
        pytest.param("*.sums*", {MUST.id}, id="pattern"),
        pytest.param("nothing", set(), id="none"),
    ],
)
def test_named_checks_are_shown_whatever_they_did(history, pattern, found):
    history.add(report((MUST, PASS), (OTHER, PASS)), kind="verify")
    trend = read_trend(history, "one", last=60, patterns=(pattern,))

    assert {one.check for one in trend.checks} == found
    assert read_trend(history, "one", last=60).checks == ()


def test_the_most_recent_trouble_comes_first(history):
    history.add(report((MUST, FAIL), (OTHER, PASS)), kind="verify")
    history.add(report((MUST, PASS), (OTHER, FAIL)), kind="verify")

    checks = read_trend(history, "one", last=60).checks
    assert [one.check for one in checks] == [OTHER.id, MUST.id]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        pytest.param((), "", id="none"),
        pytest.param((0.0, 0.0), "▁▁", id="zero"),
        pytest.param((1.0,), "█", id="one"),
        pytest.param((0.1, None, 0.4), "▃ █", id="a-gap"),
        pytest.param((None, None), "  ", id="only-gaps"),
        pytest.param((1.0, 2.0, 4.0, 8.0), "▂▃▅█", id="from-zero"),
    ],
)
def test_a_sparkline_begins_at_zero(values, line):
    assert sparkline(values) == line


@given(st.lists(st.none() | st.floats(0, 1e9), max_size=40))
def test_a_sparkline_has_one_mark_for_each_value(values):
    for bars in (BARS, DIGITS):
        line = sparkline(values, bars)

        assert len(line) == len(values)
        assert set(line) <= {*bars, " "}
        assert [c == " " for c in line] == [v is None for v in values]


@given(st.text(".FwsE ", max_size=40))
def test_streaks_are_the_letters(letters):
    found = streaks(letters)

    assert "".join(letter * number for letter, number in found) == letters
    assert all(a[0] != b[0] for a, b in pairwise(found))
