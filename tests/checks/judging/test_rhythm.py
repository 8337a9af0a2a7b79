"""Tests of the rhythm of a stream: its spread and its pauses."""

from dataclasses import replace

import pytest

from contract.checks.judging.rhythm import seconds, spread_of, stalls
from contract.model.exchange import Arrival


@pytest.fixture
def paced(stream, chunk):
    """`paced(moments)` is a stream with one word at each moment."""

    def paced(moments):
        made = stream([chunk({"content": f" w{n}"}) for n in range(len(moments))])
        pairs = zip(moments, made.arrivals, strict=True)
        arrivals = tuple(Arrival(at, one.data) for at, one in pairs)
        return replace(made, arrivals=arrivals, elapsed=max(moments, default=0.0))

    return paced


@pytest.mark.parametrize(
    ("moments", "spread"), [([], 0.0), ([3.0], 0.0), ([3.0, 3.5, 5.0], 2.0)]
)
def test_the_spread_is_from_the_first_text_to_the_last(paced, moments, spread):
    assert spread_of(paced(moments)) == pytest.approx(spread)


@pytest.mark.parametrize(
    ("moments", "found"),
    [
        ([0.1 * n for n in range(9)], 0),
        ([3.0 * n for n in range(9)], 0),  # slow everywhere
        ([9.0, 9.1, 9.2, 9.3], 0),  # a queue is no stall
        ([0.1, 0.2, 0.3, 2.2, 2.3], 0),  # under two seconds
        ([0.1, 0.2, 0.3, 5.0, 5.1], 1),
        ([0.2, 0.4, 0.6, 4.0, 4.2], 0),  # 17 times the median
        ([], 0),
    ],
)
def test_a_stall_is_long_and_stands_out(paced, moments, found):
    assert len([*stalls(paced(moments), "here")]) == found


def test_a_stall_is_located(paced):
    (found,) = stalls(paced([0.1, 0.2, 0.3, 5.0, 5.1]), "sample 3")

    assert found.at == "sample 3, text 4"
    assert found.actual == "a gap of 4.70 s"
    assert found.expected == "gaps near the median of 100.0 ms"


def test_durations_are_in_seconds_or_milliseconds():
    assert (seconds(1.5), seconds(0.0015)) == ("1.50 s", "1.5 ms")
