"""What a long prompt costs: how TTFT grows with the tokens before it."""

from __future__ import annotations

from contract.checks.latency import samples
from contract.checks.latency.delays import (
    bound,
    later,
)
from contract.checks.latency.samples import (
    INFERENCE,
    each,
    growing,
    judged,
    spread,
)
from contract.checks.latency.waiting import STREAMING
from contract.model.check import (
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.interval import Interval
from contract.model.reply import Reply
from contract.model.timing import percentile

TIMES = 5
SHORT = growing(1_000, TIMES)
LONG = growing(8_000, TIMES)
LONGER = growing(32_000, 2)


def _halves(found: tuple[Exchange, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """TTFT of the short prompts, and of the long ones."""
    return each(samples.ttft, found[:TIMES]), each(samples.ttft, found[TIMES:])


def _growth(found: tuple[Exchange, ...], thousands: int) -> Interval:
    """
    Seconds that 1,000 more prompt tokens add to TTFT.

    Between the medians; the interval is the widest that the samples leave open,
    because so few know no percentile.
    """
    short, long = _halves(found)
    low, high = percentile(short, 50), percentile(long, 50)
    if low is None or high is None:
        raise NotApplicable("a sample has no text, so nobody knows when it came")
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
    "TTFT SHOULD grow within the budget for each 1,000 prompt tokens up to 8,000.",
    source=f"house rule; {INFERENCE}",
    sends=(*SHORT, *LONG),
    needs=STREAMING,
    alone=True,
    budget="ttft_per_1k",
    measures=_figures_8k,
)
def ttft_growth(*found: Exchange) -> Findings:
    """No sample begins like another, so that no prefix cache makes it look good."""
    budget = bound(found, "ttft_per_1k")
    what = "the growth of TTFT for each 1,000 tokens"
    yield from judged(what, _growth(found, 7), budget, len(found))


def _figures_32k(*found: Exchange) -> dict[str, float]:
    short, long = _halves(found)
    return {**spread("ttft_1k", short), **spread("ttft_32k", long)}


@check(
    "latency.ttft-growth-32k",
    "TTFT SHOULD grow within the budget for each 1,000 prompt tokens up to 32,000.",
    source=f"house rule; {INFERENCE}",
    sends=(*SHORT, *LONGER),
    needs=STREAMING,
    slow=True,
    alone=True,
    budget="ttft_per_1k",
    measures=_figures_32k,
)
def ttft_growth_32k(*found: Exchange) -> Findings:
    """Attention is quadratic: what holds for 8,000 tokens need not hold here."""
    budget = bound(found, "ttft_per_1k")
    what = "the growth of TTFT for each 1,000 tokens"
    yield from judged(what, _growth(found, 31), budget, len(found))


def _kilobytes(reply: Reply) -> float:
    return len(reply.request.body) / 1_000 if reply.streamed else 0.0


@fault(breaks=ttft_growth, also=("latency.ttft-growth-32k",))
def prompt_read_slowly(reply: Reply) -> Reply:
    """Prompts are computed on the processor: a tenth of a second for a kilobyte."""
    size = _kilobytes(reply)
    return later(reply, 0, size / 10) if size > 20 else reply  # noqa: PLR2004  # not the short ones of other families


@fault(breaks=ttft_growth_32k)
def prompt_read_quadratically(reply: Reply) -> Reply:
    """Beyond some thousand tokens the fast attention gives way to the plain one."""
    size = _kilobytes(reply)
    return later(reply, 0, size * size / 1_000) if size > 100 else reply  # noqa: PLR2004  # beyond 20,000 tokens
