"""Tests of the loopback baseline."""

from __future__ import annotations

import re

import pytest

from contract.catalog.profiles import builtin
from contract.client import baseline
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request

PROFILE = builtin()["vllm-0.32"]


def answered(at):
    arrivals = () if at is None else (Arrival(at, b"{}"),)
    return Exchange(
        probe=Probe(name="baseline"),
        profile=PROFILE,
        request=Request("GET", "/"),
        status=200,
        arrivals=arrivals,
        elapsed=1.0,
    )


def test_the_baseline_is_measured_over_loopback():
    note = baseline.measure_baseline(PROFILE)
    figures = map(float, re.findall(r"([\d.]+) ms", note))
    median, worst, least, middle, high = figures

    # A loaded machine takes longer, but still far less than a server takes.
    assert 0 < median <= worst < 2_000
    # A stamp before its send would be a bias.
    assert 0 <= least <= middle <= high < 2_000


@pytest.mark.parametrize(
    ("lags", "stamped", "words"),
    [
        pytest.param(
            [0.00002, 0.00003, 0.0001],
            True,
            "(the kernel's receive times) are behind the sends by 0.02 ms at least, "
            "median 0.03 ms, 99th percentile 0.10 ms",
            id="stamped",
        ),
        pytest.param([0.001], False, "(the times of reads)", id="unstamped"),
        pytest.param([], True, "could not be measured", id="none"),
    ],
)
def test_the_lag_of_the_stamps_is_described(lags, stamped, words):
    assert words in baseline.describe_lag(lags, stamped=stamped)


def test_a_server_that_sends_nothing_is_no_error(monkeypatch):
    monkeypatch.setattr(baseline, "_send", lambda *_: None)
    monkeypatch.setattr(baseline, "WAIT", 0.1)

    assert "could not be measured" in baseline.measure_lag()


@pytest.mark.parametrize(
    ("moments", "end"),
    [
        pytest.param([0.001, 0.002, 0.009], "2.00 ms, maximum 9.00 ms", id="all"),
        pytest.param([0.001, None, None], "1.00 ms, maximum 1.00 ms", id="some-failed"),
        pytest.param([None], "could not be measured", id="none"),
    ],
)
def test_the_note_gives_median_and_maximum(moments, end):
    assert baseline.describe([answered(at) for at in moments]).endswith(end)
