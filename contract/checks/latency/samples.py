"""Latency samples, the metrics taken from them, and their comparison with budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from contract.checks.judging.rhythm import seconds
from contract.model.chat import Options
from contract.model.check import Finding, Findings, NotApplicable
from contract.model.exchange import Exchange
from contract.model.interval import Interval, interval
from contract.model.probe import FILL, Fill, Probe, repeat
from contract.model.probes import SUM, WINDOW_PLUS_1000, user
from contract.model.timing import percentile

INFERENCE = "https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html"
# 20 is the smallest number of samples whose 95th percentile is not the maximum.
SAMPLES = repeat(replace(SUM, name="latency"), 20)
OVERFLOWS = repeat(replace(WINDOW_PLUS_1000, name="latency-overflow"), 10)
PERCENT = 95
MAXIMUM = 100  # per cent
_SHOWN = (50, 95, 99, MAXIMUM)
# Returns one metric of an exchange, None if it does not have it.
Reading = Callable[[Exchange], float | None]


def _unique_prompt(tokens: int, number: int) -> Probe:
    """Return a prompt with a unique beginning, which no prefix cache contains."""
    return Probe(
        name=f"latency-{tokens}-{number}",
        messages=(user(f"Sample {number} of {tokens}:{FILL}. Now say hello."),),
        options=Options(max_tokens=4, temperature=0.0, seed=7),
        stream=True,
        fill=Fill(tokens),
    )


def growing_prompts(tokens: int, times: int) -> tuple[Probe, ...]:
    """Return *times* prompts of *tokens* tokens, each with a unique beginning."""
    return tuple(_unique_prompt(tokens, number) for number in range(times))


def ttft(exchange: Exchange) -> float | None:
    """Return the seconds to the first text, reasoning or answer."""
    return exchange.timing.ttft


def ttfo(exchange: Exchange) -> float | None:
    """Return the seconds to the first answer text."""
    return exchange.timing.ttfo


def tpot(exchange: Exchange) -> float | None:
    """Return the seconds per token after the first."""
    return exchange.timing.tpot


def e2e(exchange: Exchange) -> float | None:
    """Return the seconds to the last byte."""
    return exchange.timing.e2e


def longest(exchange: Exchange) -> float | None:
    """Return the longest gap between two texts of a stream, in seconds."""
    return max(exchange.timing.icl, default=None)


def per_token(exchange: Exchange) -> float | None:
    """Return the seconds per output token, including the time to the first one."""
    tokens = exchange.count("completion_tokens")
    return exchange.elapsed / tokens if tokens else None


def each(read: Reading, samples: Iterable[Exchange]) -> tuple[float, ...]:
    """Return the metric *read* of the samples that have it."""
    return tuple(value for x in samples if (value := read(x)) is not None)


def text_gaps(samples: Iterable[Exchange]) -> tuple[float, ...]:
    """Return all inter-chunk latencies of all samples, in seconds."""
    return tuple(gap for exchange in samples for gap in exchange.timing.icl)


def spread(metric: str, values: Iterable[float]) -> dict[str, float]:
    """Return p50, p95, p99 and maximum of *values*, as `metric_p50` and so on."""
    known = tuple(values)
    found = {}
    for percent in _SHOWN:
        value = percentile(known, percent)
        if value is not None:
            name = "max" if percent == MAXIMUM else f"p{percent}"
            found[f"{metric}_{name}"] = value
    return found


def rates(samples: Iterable[Exchange]) -> dict[str, float]:
    """Return the median and the minimum of output tokens per second, for a report."""
    found = [1 / value for value in each(per_token, samples) if value]
    median = percentile(found, 50)
    if median is None:
        return {}
    return {"tokens_per_second_p50": median, "tokens_per_second_min": min(found)}


def everything(*samples: Exchange) -> dict[str, float]:
    """Return all metrics of the samples, named for a report."""
    return {
        **spread("ttft", each(ttft, samples)),
        **spread("ttfo", each(ttfo, samples)),
        **spread("icl", text_gaps(samples)),
        **spread("tpot", each(tpot, samples)),
        **spread("e2e", each(e2e, samples)),
        **rates(samples),
    }


def within(name: str, values: tuple[float, ...], budget: float) -> Findings:
    """
    Yield a finding if the 95th percentile of *values* is certainly above *budget*.

    *name* is the metric in messages; *values* and *budget* are in seconds. The whole
    95 % confidence interval has to be above the budget; raise `NotApplicable` if the
    budget is inside the interval (inconclusive), or without values.
    """
    found = interval(values, PERCENT)
    if found is None:
        raise NotApplicable(f"no sample has a value for {name}")
    yield from judged(f"the 95th percentile of {name}", found, budget, len(values))


def judged(
    what: str,
    found: Interval,
    budget: float,
    count: int,
    kind: str = "95 % confidence interval",
) -> Iterator[Finding]:
    """
    Yield a finding if the interval *found* is above *budget* (both in seconds).

    *what* names the metric, *kind* the interval and *count* the number of values in
    messages. Raise `NotApplicable` (inconclusive) if the interval contains the budget.
    """
    actual = (
        f"{seconds(found.seen)} ({kind} {seconds(found.low)} to "
        f"{seconds(found.high)}, {count} values)"
    )
    if found.low > budget:
        yield Finding(
            f"{what} is over budget",
            expected=f"at most {seconds(budget)}",
            actual=actual,
        )
    elif found.high > budget:
        raise NotApplicable(
            f"inconclusive: {what} is {actual}; the budget is {seconds(budget)}"
        )
