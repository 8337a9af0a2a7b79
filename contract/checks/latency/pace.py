"""How steadily text flows once it flows: gaps, stalls, tokens in a second."""

from __future__ import annotations

from contract.checks.latency import samples
from contract.checks.latency.delays import (
    bound,
    later,
    slower,
    texts,
)
from contract.checks.latency.samples import (
    INFERENCE,
    SAMPLES,
    each,
    everything,
    gaps,
    seconds,
    spread,
    within,
)
from contract.checks.latency.waiting import STREAMING
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply
from contract.model.timing import percentile

# A gap is a stall when everybody would notice it, and it stands out of its stream.
STALL = 2.0  # seconds
OUTSTANDING = 20  # times the median gap


def _icl(*found: Exchange) -> dict[str, float]:
    return spread("icl", gaps(found))


@check(
    "latency.icl-p95",
    "The gap between two texts of a stream (ICL) SHOULD stay within the budget at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="icl_p95",
    measures=_icl,
)
def icl_p95(*found: Exchange) -> Findings:
    """Of all gaps of all samples."""
    yield from within("ICL", gaps(found), bound(found, "icl_p95"))


@fault(breaks=icl_p95, also=("latency",))
def crowded_batch(reply: Reply) -> Reply:
    """Every token waits for a batch that is far too large."""
    return slower(reply, texts(reply), 0.5)


def _longest(*found: Exchange) -> dict[str, float]:
    return spread("longest_gap", each(samples.longest, found))


@check(
    "latency.icl-max",
    "The longest gap of a stream SHOULD stay within the budget at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="icl_max",
    measures=_longest,
)
def icl_max(*found: Exchange) -> Findings:
    """Of the longest gaps of the samples, one each."""
    longest = each(samples.longest, found)
    yield from within("the longest gap", longest, bound(found, "icl_max"))


@fault(breaks=icl_max, also=("latency",))
def long_prompt_in_between(reply: Reply) -> Reply:
    """The prompt of somebody else is computed in one go, and everybody waits."""
    spoken = texts(reply)
    return later(reply, spoken[len(spoken) // 3], 1.5) if len(spoken) > 3 else reply  # noqa: PLR2004  # a gap needs two


@check(
    "latency.no-stall",
    "A stream SHOULD NOT stop for seconds and then go on.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    slow=True,
    alone=True,
    measures=everything,
)
def no_stall(*found: Exchange) -> Findings:
    """
    One gap of over two seconds and of twenty times the median of its stream.

    It needs no budget. A slow model has long gaps everywhere, and no stall.
    """
    if not gaps(found):
        raise NotApplicable("no sample has two texts")
    for exchange in found:
        icl = exchange.timing.icl
        usual, longest = percentile(icl, 50), max(icl, default=0.0)
        if usual is not None and longest > max(STALL, OUTSTANDING * usual):
            yield Finding(
                "the stream stood still",
                expected=f"gaps near the median of {seconds(usual)}",
                actual=f"a gap of {seconds(longest)}",
                at=f"sample {exchange.probe.sample}, text {icl.index(longest) + 2}",
            )


@fault(breaks=no_stall, also=("latency",))
def stalls_once(reply: Reply) -> Reply:
    """A garbage collector, or a cache moved to disk, stops the stream once."""
    spoken = texts(reply)
    return later(reply, spoken[len(spoken) // 2], 10.0) if len(spoken) > 3 else reply  # noqa: PLR2004  # a gap needs two


def _tpot(*found: Exchange) -> dict[str, float]:
    return spread("tpot", each(samples.tpot, found))


@check(
    "latency.tpot",
    "The time for each output token (TPOT) SHOULD stay within the budget at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="tpot",
    measures=_tpot,
)
def tpot(*found: Exchange) -> Findings:
    """(last text - first text) / (completion_tokens - 1); others call it ITL."""
    yield from within("TPOT", each(samples.tpot, found), bound(found, "tpot"))


@fault(breaks=tpot, also=("latency",))
def throttled(reply: Reply) -> Reply:
    """A gateway lets four tokens pass in a second, whoever pays."""
    return slower(reply, texts(reply)[1:], 0.25)


def _rates(*found: Exchange) -> dict[str, float]:
    return samples.rates(found)


@check(
    "latency.output-rate",
    "A stream SHOULD bring at least the budgeted output tokens in a second at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="tokens_per_second",
    measures=_rates,
)
def output_rate(*found: Exchange) -> Findings:
    """Judged as seconds for a token, so that p95 is the slow end."""
    budget = 1 / bound(found, "tokens_per_second")
    yield from within("E2E for each token", each(samples.per_token, found), budget)


@fault(breaks=output_rate, also=("latency",))
def memory_full(reply: Reply) -> Reply:
    """The cache is full, and requests are computed again and again."""
    return slower(reply, texts(reply), 1.0)
