"""Latencies of two runs: which streams count, and when a change is clear."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.exchange import Arrival, End, Exchange
from contract.model.interval import Interval
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.wire import Request
from contract.providers.vllm.dialect import VLLM_0_16
from contract.run.latencies import (
    FEWEST_STREAMS,
    LatencyChange,
    StreamTimes,
    latency_changes,
    stream_times,
)

EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"42"}}]}\n\n'
STREAM = Exchange(
    probe=Probe(name="sum-streamed"),
    profile=Profile(id="vllm-0.16", dialect=VLLM_0_16),
    request=Request("POST", "/v1/chat/completions"),
    status=200,
    headers=(("content-type", "text/event-stream"),),
    arrivals=(Arrival(0.05, EVENT), Arrival(0.13, EVENT)),
    elapsed=0.2,
)


def streams(seconds, request="sum", count=FEWEST_STREAMS):
    return [StreamTimes(request=request, ttft=seconds + n / 1e6) for n in range(count)]


def change(before, after):
    return LatencyChange("ttft", 50, (20, 20), Interval(*before), Interval(*after))


def test_the_times_of_a_whole_stream_are_kept_once():
    (found,) = stream_times([STREAM, STREAM])

    assert found.request == "sum-streamed"
    assert (found.ttft, found.ttfo, found.icl) == pytest.approx((0.05, 0.05, 0.08))
    assert found.tpot is None


@pytest.mark.parametrize(
    "change_",
    [
        pytest.param({"status": 500}, id="an-error"),
        pytest.param({"end": End.RESET}, id="a-reset"),
        pytest.param({"headers": (("content-type", "application/json"),)}, id="whole"),
        pytest.param({"arrivals": ()}, id="without-text"),
    ],
)
def test_no_other_exchange_has_times(change_):
    assert stream_times([replace(STREAM, **change_)]) == ()


def test_only_requests_of_both_runs_count():
    before = [*streams(0.1), *streams(9.0, "long", 50)]
    after = [*streams(0.2), *streams(0.001, "short", 50)]
    median, high = latency_changes(before, after)

    assert (median.metric, median.percent, high.percent) == ("ttft", 50, 95)
    assert median.streams == (FEWEST_STREAMS, FEWEST_STREAMS)
    assert median.verdict == high.verdict == "slower"
    assert [one.verdict for one in latency_changes(after, before)] == ["faster"] * 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([], streams(0.1), id="no-baseline"),
        pytest.param(streams(0.1), streams(0.1, "other"), id="other-requests"),
        pytest.param(
            streams(0.1), streams(0.9, count=FEWEST_STREAMS - 1), id="too-few"
        ),
        pytest.param(streams(float("nan")), streams(float("inf")), id="not-finite"),
    ],
)
def test_without_enough_streams_nothing_is_compared(before, after):
    assert latency_changes(before, after) == ()


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        pytest.param((0.9, 1, 1.1), (1.2, 1.5, 1.6), "slower", id="slower"),
        pytest.param((1.2, 1.5, 1.6), (0.9, 1, 1.1), "faster", id="faster"),
        pytest.param((0.9, 1, 1.2), (1.1, 1.6, 1.7), "", id="intervals-overlap"),
        pytest.param((1, 1, 1), (1.49, 1.49, 1.49), "", id="less-than-a-half"),
        pytest.param((0.0, 0.0, 0.0), (4e-3,) * 3, "", id="less-than-5-ms"),
        pytest.param((0.0, 0.0, 0.0), (0.1,) * 3, "slower", id="from-nothing"),
    ],
)
def test_a_change_is_clear_if_it_is_large_and_certain(before, after, verdict):
    assert change(before, after).verdict == verdict


@given(st.lists(st.floats(0, 1e6), min_size=FEWEST_STREAMS, max_size=40))
def test_a_run_is_as_fast_as_itself(values):
    run = [StreamTimes(request="sum", ttft=value, icl=value) for value in values]

    assert {one.verdict for one in latency_changes(run, run[::-1])} == {""}
