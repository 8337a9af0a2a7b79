"""The generator's own load, and when its figures are doubtful."""

from __future__ import annotations

import pytest
from support.loads import Clock

from contract.load.lag import PULSE, Generator, Lag


def generator(**changes):
    values = {"cpu": 0.5, "lag_p50": 0.0, "lag_p95": 0.0, "lag_p99": 0.0}
    return Generator(**{**values, "lag_max": 0.0, "count": 10, **changes})


def test_a_quiet_generator_is_not_saturated():
    assert generator().saturated() == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"cpu": 0.99}, "99% of a core"), ({"lag_p95": 0.2}, "200 ms late")],
)
def test_a_busy_generator_says_why_it_is_saturated(changes, words):
    assert words in generator(**changes).saturated()


def test_the_limit_of_the_lag_can_be_set():
    assert generator(lag_p95=0.2).saturated(0.3) == ""


def test_lag_and_cpu_time_are_measured():
    clock, used = Clock(), Clock()
    lag = Lag(clock, used)
    late = iter([0.0] * 9 + [0.5])

    def sleep(seconds):
        clock.sleep(seconds + next(late))
        used.sleep(seconds / 2)

    with pytest.raises(RuntimeError):  # the iterator ends
        lag.pulse(lambda s: sleep(s) if clock.now < 0.7 - 1e-9 else fail())
    found = Generator.from_json(lag.to_json())

    assert found.count == 10
    assert found.lag_p50 == pytest.approx(0, abs=1e-9)
    assert found.lag_max == pytest.approx(0.5)
    assert found.cpu == pytest.approx(10 * PULSE / 2 / 0.7)


def fail():
    raise RuntimeError
