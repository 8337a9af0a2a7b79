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
    median, worst = map(float, re.findall(r"([\d.]+) ms", note))

    # A loaded machine takes longer, but still far less than a server takes.
    assert 0 < median <= worst < 2_000


@pytest.mark.parametrize(
    ("moments", "end"),
    [
        pytest.param([0.001, 0.002, 0.009], "2.0 ms, maximum 9.0 ms", id="all"),
        pytest.param([0.001, None, None], "1.0 ms, maximum 1.0 ms", id="some-failed"),
        pytest.param([None], "could not be measured", id="none"),
    ],
)
def test_the_note_gives_median_and_maximum(moments, end):
    assert baseline.describe([answered(at) for at in moments]).endswith(end)
