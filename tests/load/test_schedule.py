"""Schedules: rates, arrivals and traces, and what is wrong with them."""

from __future__ import annotations

import pytest

from contract.errors import UsageError
from contract.load.schedule import Arrivals, offsets, rate_of, read_trace


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e9", "fast", ""])
def test_an_impossible_rate_is_refused(text):
    with pytest.raises(UsageError, match="number of requests per second above 0"):
        rate_of(text)


def test_constant_arrivals_have_equal_gaps():
    assert offsets(4, 1, Arrivals.CONSTANT, 0, 100) == (0.0, 0.25, 0.5, 0.75)


def test_poisson_arrivals_follow_the_seed_and_the_rate():
    found = offsets(100, 50, Arrivals.POISSON, 1, 10_000)

    assert found == offsets(100, 50, Arrivals.POISSON, 1, 10_000)
    assert found != offsets(100, 50, Arrivals.POISSON, 2, 10_000)
    assert list(found) == sorted(found)
    # Five standard deviations of a Poisson distribution of 5,000.
    assert abs(len(found) - 5_000) < 5 * 5_000**0.5


def test_a_schedule_that_is_too_long_says_so():
    with pytest.raises(UsageError, match="more than 10 requests"):
        offsets(100, 1, Arrivals.CONSTANT, 0, 10)


def test_an_empty_schedule_says_so():
    with pytest.raises(UsageError, match="no request"):
        offsets(0.001, 0.1, Arrivals.POISSON, 0, 10)


def test_a_trace_is_read(tmp_path):
    file = tmp_path / "trace.txt"
    file.write_text("# offsets\n0\n0.5\n\n0.5  # twice\n2\n")

    assert read_trace(file, 10) == (0.0, 0.5, 0.5, 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0\nsoon\n", "Line 2 .* not 'soon'"),
        ("-1\n", "Line 1"),
        ("nan\n", "Line 1"),
        ("2\n1\n", "Line 2 .* earlier"),
        ("# nothing\n", "no request"),
        ("1\n" * 11, "more than 10"),
    ],
)
def test_a_wrong_trace_names_the_line(tmp_path, text, words):
    file = tmp_path / "trace.txt"
    file.write_text(text)

    with pytest.raises(UsageError, match=words):
        read_trace(file, 10)


def test_a_trace_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "trace.txt"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(UsageError, match="not UTF-8"):
        read_trace(file, 10)
