"""Latencies of a run with their intervals, for trends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from math import isfinite

from contract.model.exchange import Exchange
from contract.model.interval import Interval, interval
from contract.run.report import Report

PERCENTILES = {"p50": 50.0, "p95": 95.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """One metric of one run; all values are seconds."""

    # The metric: ttft, ttfo, icl, tpot, e2e or reject.
    metric: str
    # Whether the requests were sent one at a time, for a budget.
    alone: bool
    # The number of values.
    samples: int
    p50: Interval
    p95: Interval


# By the name of a budget: the metric, and its values in an exchange.
_METRICS: dict[str, tuple[str, Callable[[Exchange], Iterable[float | None]]]] = {
    "ttft": ("ttft", lambda e: (e.timing.ttft,)),
    "ttfo": ("ttfo", lambda e: (e.timing.ttfo,)),
    "icl_p95": ("icl", lambda e: e.timing.icl),
    "tpot": ("tpot", lambda e: (e.timing.tpot,)),
    "e2e": ("e2e", lambda e: (e.timing.e2e,)),
    "reject": ("reject", lambda e: (e.timing.e2e,)),
}
# The metrics in the order in which reports have them.
METRICS = tuple(metric for metric, _ in _METRICS.values())
_OF_ANY_STREAM = ("ttft", "ttfo", "icl_p95", "tpot")


def latencies(report: Report) -> tuple[Latency, ...]:
    """
    Return the latencies that the exchanges of *report*, of one target, show.

    Those that a check with a budget measured one at a time are preferred; otherwise
    TTFT, TTFO, ICL and TPOT are those of all whole streams of the run. A report that
    was read back has no exchanges, and so no latencies.
    """
    measured = {
        result.check.budget: result.exchanges
        for result in report.results
        if result.check.budget in _METRICS and result.exchanges
    }
    streams = tuple(_streams(report))
    found = []
    for budget, (metric, values_of) in _METRICS.items():
        alone = measured.get(budget, ())
        chosen = alone or (streams if budget in _OF_ANY_STREAM else ())
        values = [
            value
            for exchange in chosen
            for value in values_of(exchange)
            if value is not None and isfinite(value)
        ]
        p50, p95 = (interval(values, percent) for percent in PERCENTILES.values())
        if p50 is not None and p95 is not None:
            found.append(
                Latency(
                    metric=metric,
                    alone=bool(alone),
                    samples=len(values),
                    p50=p50,
                    p95=p95,
                )
            )
    return tuple(found)


def _streams(report: Report) -> Iterator[Exchange]:
    """Yield the whole streams with text, each once."""
    exchanges = {id(e): e for result in report.results for e in result.exchanges}
    for exchange in exchanges.values():
        if (
            exchange.streamed
            and exchange.status == HTTPStatus.OK
            and exchange.end.whole
            and exchange.timing.marks
        ):
            yield exchange
