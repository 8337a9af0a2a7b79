"""The samples that latencies are taken from, and what is read off them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from contract.model.chat import (
    FILL,
    Fill,
    Options,
    Probe,
    repeat,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
)
from contract.model.exchange import Exchange
from contract.model.interval import (
    Interval,
    interval,
)
from contract.model.probes import (
    SUM,
    THOUSAND_MORE,
    user,
)
from contract.model.timing import percentile

INFERENCE = "https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html"
# 20 samples are the fewest whose 95th percentile is not simply the largest.
SAMPLES = repeat(replace(SUM, name="latency"), 20)
OVERFLOWS = repeat(replace(THOUSAND_MORE, name="latency-overflow"), 10)
PERCENT = 95
_SHOWN = (50, 95, 99, 100)
Reading = Callable[[Exchange], float | None]


def _growing(tokens: int, number: int) -> Probe:
    """A prompt that no earlier one begins like, so that no cache has read it."""
    return Probe(
        name=f"latency-{tokens}-{number}",
        messages=(user(f"Sample {number} of {tokens}:{FILL}. Now say hello."),),
        options=Options(max_tokens=4, temperature=0.0, seed=7),
        stream=True,
        fill=Fill(tokens),
    )


def growing(tokens: int, times: int) -> tuple[Probe, ...]:
    """So many prompts of *tokens* tokens, each with a beginning of its own."""
    return tuple(_growing(tokens, number) for number in range(times))


def ttft(exchange: Exchange) -> float | None:
    """Seconds to the first text, thought or answer."""
    return exchange.timing.ttft


def ttfo(exchange: Exchange) -> float | None:
    """Seconds to the first text of the answer."""
    return exchange.timing.ttfo


def tpot(exchange: Exchange) -> float | None:
    """Seconds for each token after the first."""
    return exchange.timing.tpot


def e2e(exchange: Exchange) -> float | None:
    """Seconds to the last byte."""
    return exchange.timing.e2e


def longest(exchange: Exchange) -> float | None:
    """The longest gap between two texts of a stream."""
    return max(exchange.timing.icl, default=None)


def per_token(exchange: Exchange) -> float | None:
    """Seconds for each output token, the wait for the first one included."""
    tokens = exchange.count("completion_tokens")
    return exchange.elapsed / tokens if tokens else None


def each(read: Reading, samples: Iterable[Exchange]) -> tuple[float, ...]:
    """What *read* finds in the samples that have it."""
    return tuple(value for x in samples if (value := read(x)) is not None)


def gaps(samples: Iterable[Exchange]) -> tuple[float, ...]:
    """All inter-chunk latencies of all samples."""
    return tuple(gap for exchange in samples for gap in exchange.timing.icl)


def spread(metric: str, values: Iterable[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile and maximum of *values*, named for a report."""
    known = tuple(values)
    found = {}
    for percent in _SHOWN:
        value = percentile(known, percent)
        if value is not None:
            name = "max" if percent == 100 else f"p{percent}"  # noqa: PLR2004  # all of them
            found[f"{metric}_{name}"] = value
    return found


def rates(samples: Iterable[Exchange]) -> dict[str, float]:
    """Output tokens in a second, the median and the slowest, named for a report."""
    found = [1 / value for value in each(per_token, samples) if value]
    median = percentile(found, 50)
    if median is None:
        return {}
    return {"tokens_per_second_p50": median, "tokens_per_second_min": min(found)}


def everything(*samples: Exchange) -> dict[str, float]:
    """All that the samples tell, as figures of a report."""
    return {
        **spread("ttft", each(ttft, samples)),
        **spread("ttfo", each(ttfo, samples)),
        **spread("icl", gaps(samples)),
        **spread("tpot", each(tpot, samples)),
        **spread("e2e", each(e2e, samples)),
        **rates(samples),
    }


def within(name: str, values: tuple[float, ...], budget: float) -> Findings:
    """
    A finding when the 95th percentile is above *budget* beyond doubt.

    It is where its whole 95 % interval is; `NotApplicable` says "inconclusive" when
    the budget lies inside the interval, or when there is nothing to judge.
    """
    found = interval(values, PERCENT)
    if found is None:
        raise NotApplicable(f"no sample tells {name}")
    yield from judged(f"the 95th percentile of {name}", found, budget, len(values))


def judged(what: str, found: Interval, budget: float, count: int) -> Iterator[Finding]:
    """The verdict on an interval: above the budget, below it, or inconclusive."""
    seen = f"{seconds(found.seen)}, 95 % sure between {seconds(found.low)} and "
    seen += f"{seconds(found.high)}, of {count} values"
    if found.low > budget:
        yield Finding(
            f"{what} is over budget",
            expected=f"at most {seconds(budget)}",
            actual=seen,
        )
    elif found.high > budget:
        raise NotApplicable(
            f"inconclusive: {what} is {seen}; the budget is {seconds(budget)}"
        )


def seconds(value: float) -> str:
    """A duration as people read it."""
    return f"{value:.2f} s" if abs(value) >= 1 else f"{1_000 * value:.1f} ms"
