"""This machine's own share of a latency, measured with nobody else involved."""

from __future__ import annotations

import re

import pytest

from contract.catalog.profiles import builtin
from contract.client import baseline
from contract.model.chat import Probe
from contract.model.exchange import (
    Arrival,
    Exchange,
)
from contract.model.wire import Request

PROFILE = builtin()["vllm-0.32"]


def answered(at):
    arrivals = () if at is None else (Arrival(at, b"{}"),)
    return Exchange(
        probe=Probe(name="floor"),
        profile=PROFILE,
        request=Request("GET", "/"),
        status=200,
        arrivals=arrivals,
        elapsed=1.0,
    )


def test_the_floor_is_measured_over_loopback():
    told = baseline.measure_baseline(PROFILE)
    median, worst = map(float, re.findall(r"([\d.]+) ms", told))

    # A loaded machine takes longer, but nothing near what a provider takes.
    assert 0 < median <= worst < 2_000


@pytest.mark.parametrize(
    ("moments", "end"),
    [
        pytest.param([0.001, 0.002, 0.009], "2.0 ms, at most 9.0 ms", id="all"),
        pytest.param([0.001, None, None], "1.0 ms, at most 1.0 ms", id="some-failed"),
        pytest.param([None], "could not be measured", id="none"),
    ],
)
def test_it_is_told_in_a_sentence(moments, end):
    assert baseline.describe([answered(at) for at in moments]).endswith(end)
