"""Prompt length checks: growth of TTFT per 1,000 prompt tokens."""

from __future__ import annotations

from contract.checks.latency import samples
from contract.checks.latency.delays import delayed_from, required_budget
from contract.checks.latency.response_times import STREAMING
from contract.checks.latency.samples import (
    INFERENCE,
    each,
    growing_prompts,
    judged,
    spread,
)
from contract.model.check import Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.interval import Interval
from contract.model.reply import Reply
from contract.model.timing import percentile

WHAT = "the growth of TTFT per 1,000 prompt tokens"
RANGE = "range of the samples"
TIMES = 5  # samples of each prompt length
SHORT = growing_prompts(1_000, TIMES)
LONG = growing_prompts(8_000, TIMES)
LONGER = growing_prompts(32_000, 2)
# Kilobytes of a request: the other families send shorter ones.
LONG_KB = 20
VERY_LONG_KB = 100  # more than 20,000 tokens


def _halves(found: tuple[Exchange, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the TTFTs of the short and of the long prompts, in seconds."""
    return each(samples.ttft, found[:TIMES]), each(samples.ttft, found[TIMES:])


def _growth(found: tuple[Exchange, ...], thousands: int) -> Interval:
    """
    Return the seconds that each 1,000 prompt tokens add to TTFT.

    This is the difference of the medians, divided by *thousands* (of tokens). The
    interval spans the extremes of the samples, which are too few for a confidence
    interval. Raise `NotApplicable` if either length has no sample with text.
    """
    short, long = _halves(found)
    low, high = percentile(short, 50), percentile(long, 50)
    if low is None or high is None:
        raise NotApplicable("no sample has text, so TTFT is not known")
    return Interval(
        (min(long) - max(short)) / thousands,
        (high - low) / thousands,
        (max(long) - min(short)) / thousands,
    )


def _figures_8k(*found: Exchange) -> dict[str, float]:
    short, long = _halves(found)
    return {**spread("ttft_1k", short), **spread("ttft_8k", long)}


@check(
    "latency.ttft-growth",
    "TTFT SHOULD grow within the budget per 1,000 prompt tokens up to 8,000.",
    source=f"house rule; {INFERENCE}",
    sends=(*SHORT, *LONG),
    needs=STREAMING,
    alone=True,
    budget="ttft_per_1k",
    measures=_figures_8k,
)
def ttft_growth(*found: Exchange) -> Findings:
    """All samples begin differently, so that no prefix cache shortens their TTFT."""
    budget = required_budget(found, "ttft_per_1k")
    growth = _growth(found, 7)
    yield from judged(WHAT, growth, budget, len(found), kind=RANGE)


def _figures_32k(*found: Exchange) -> dict[str, float]:
    short, long = _halves(found)
    return {**spread("ttft_1k", short), **spread("ttft_32k", long)}


@check(
    "latency.ttft-growth-32k",
    "TTFT SHOULD grow within the budget per 1,000 prompt tokens up to 32,000.",
    source=f"house rule; {INFERENCE}",
    sends=(*SHORT, *LONGER),
    needs=STREAMING,
    slow=True,
    alone=True,
    budget="ttft_per_1k",
    measures=_figures_32k,
)
def ttft_growth_32k(*found: Exchange) -> Findings:
    """Attention is quadratic: growth at 32,000 tokens may exceed that at 8,000."""
    budget = required_budget(found, "ttft_per_1k")
    growth = _growth(found, 31)
    yield from judged(WHAT, growth, budget, len(found), kind=RANGE)


def _kilobytes(reply: Reply) -> float:
    return len(reply.request.body) / 1_000 if reply.streamed else 0.0


@fault(breaks=ttft_growth, also=("latency.ttft-growth-32k",))
def prompt_read_slowly(reply: Reply) -> Reply:
    """Prompts are computed on the CPU, at a tenth of a second per kilobyte."""
    size = _kilobytes(reply)
    return delayed_from(reply, 0, size / 10) if size > LONG_KB else reply


@fault(breaks=ttft_growth_32k)
def prompt_read_quadratically(reply: Reply) -> Reply:
    """Beyond some thousand tokens, fast attention falls back to a quadratic one."""
    size = _kilobytes(reply)
    return delayed_from(reply, 0, size * size / 1_000) if size > VERY_LONG_KB else reply
