"""Latencies of the streams of a run, and how they changed since an earlier run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import isfinite

from contract.model.exchange import Exchange
from contract.model.interval import Interval, interval
from contract.model.timing import percentile

METRICS = ("ttft", "ttfo", "tpot", "icl")
PERCENTS = (50, 95)
FEWEST_STREAMS = 10  # in each run; the interval of fewer says nothing
MOST_STREAMS = 2_000  # of one target; the interval of more takes seconds
# A smaller share of the shorter time, and a smaller time, is no change, however certain
# it is: the streams share the server with other requests, so two runs of one server
# differ by more than the intervals within each run show.
LEAST_CHANGE = 0.5
LEAST_SECONDS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTimes:
    """The latencies of one stream, in seconds; None where there is none."""

    # The name of its request.
    request: str
    ttft: float | None = None
    ttfo: float | None = None
    tpot: float | None = None
    # The 95th percentile of its inter-chunk latencies.
    icl: float | None = None


@dataclass(frozen=True, slots=True)
class LatencyChange:
    """A percentile of a latency in two runs, over the streams of the same requests."""

    # `ttft`, `ttfo`, `tpot` or `icl`.
    metric: str
    # The percentile, 50 or 95.
    percent: int
    # The number of streams in each run.
    streams: tuple[int, int]
    # The percentile with its 95 % interval, in seconds.
    before: Interval
    after: Interval

    @property
    def verdict(self) -> str:
        """`slower` or `faster`; empty if the runs do not show that it changed."""
        was, now = self.before.seen, self.after.seen
        if abs(now - was) < max(LEAST_SECONDS, LEAST_CHANGE * min(was, now)):
            return ""
        if self.after.low > self.before.high:
            return "slower"
        return "faster" if self.after.high < self.before.low else ""


def stream_times(exchanges: Iterable[Exchange]) -> tuple[StreamTimes, ...]:
    """Return the times of the whole streams with text, each exchange once."""
    found = {id(exchange): exchange for exchange in exchanges}
    return tuple(
        StreamTimes(
            request=exchange.probe.name,
            ttft=exchange.timing.ttft,
            ttfo=exchange.timing.ttfo,
            tpot=exchange.timing.tpot,
            icl=percentile(exchange.timing.icl, 95),
        )
        for exchange in found.values()
        if exchange.streamed
        and exchange.status == HTTPStatus.OK
        and exchange.end.whole
        and exchange.timing.marks
    )[:MOST_STREAMS]


def latency_changes(
    before: Sequence[StreamTimes], after: Sequence[StreamTimes]
) -> tuple[LatencyChange, ...]:
    """
    Return the percentiles of each latency that both runs have, with their intervals.

    Only streams of requests that both runs sent count: other prompts have other times.
    Requests are known by their name. Each run needs `FEWEST_STREAMS` of them.

    Usage: `[one.verdict for one in latency_changes(before, after)]`.
    """
    common = {one.request for one in before} & {one.request for one in after}
    found = []
    for metric in METRICS:
        old, new = (
            [
                value
                for one in run[:MOST_STREAMS]
                if one.request in common
                and (value := getattr(one, metric)) is not None
                and isfinite(value)
            ]
            for run in (before, after)
        )
        for percent in PERCENTS:
            was, now = interval(old, percent), interval(new, percent)
            sizes = (len(old), len(new))
            if was and now and min(sizes) >= FEWEST_STREAMS:
                found.append(LatencyChange(metric, percent, sizes, was, now))
    return tuple(found)
