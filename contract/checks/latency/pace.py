"""Pace checks: inter-chunk latency, stalls, time per token and output rate."""

from __future__ import annotations

from contract.checks.judging.rhythm import stalls
from contract.checks.latency import samples
from contract.checks.latency.delays import (
    delayed_from,
    required_budget,
    slowed_at,
    text_positions,
)
from contract.checks.latency.response_times import STREAMING
from contract.checks.latency.samples import (
    INFERENCE,
    SAMPLES,
    each,
    everything,
    spread,
    text_gaps,
    within,
)
from contract.model.check import Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.reply import Reply

MIN_TEXTS = 4  # a pause needs text before and after it


def _paused(reply: Reply, divisor: int, pause: float) -> Reply:
    """
    Return *reply* with a pause of *pause* seconds after a part of its text.

    The part is 1 / *divisor* of the events with text. Replies with fewer than
    `MIN_TEXTS` of them are left alone.
    """
    positions = text_positions(reply)
    if len(positions) < MIN_TEXTS:
        return reply
    return delayed_from(reply, positions[len(positions) // divisor], pause)


def _icl(*found: Exchange) -> dict[str, float]:
    return spread("icl", text_gaps(found))


@check(
    "latency.icl-p95",
    "Inter-chunk latency (ICL) SHOULD stay within the budget at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="icl_p95",
    measures=_icl,
)
def icl_p95(*found: Exchange) -> Findings:
    """The 95th percentile of all gaps of all samples."""
    yield from within("ICL", text_gaps(found), required_budget(found, "icl_p95"))


@fault(breaks=icl_p95, also=("latency",))
def crowded_batch(reply: Reply) -> Reply:
    """Every token waits for an oversized batch."""
    return slowed_at(reply, text_positions(reply), 0.5)


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
    """The 95th percentile of the longest gaps, one per sample."""
    longest = each(samples.longest, found)
    yield from within("the longest gap", longest, required_budget(found, "icl_max"))


@fault(breaks=icl_max, also=("latency",))
def long_prompt_in_between(reply: Reply) -> Reply:
    """Another request's long prompt is computed in one step and blocks all streams."""
    return _paused(reply, 3, 1.5)


@check(
    "latency.no-stall",
    "A stream SHOULD NOT pause for seconds and then continue.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    slow=True,
    alone=True,
    measures=everything,
)
def no_stall(*found: Exchange) -> Findings:
    """Twenty samples; `streaming.does-not-stall` looks at a few."""
    if not text_gaps(found):
        raise NotApplicable("no sample has two events with text")
    for exchange in found:
        yield from stalls(exchange, f"sample {exchange.probe.sample}")


@fault(breaks=no_stall, also=("latency", "streaming.does-not-stall"))
def stalls_once(reply: Reply) -> Reply:
    """Garbage collection, or a cache swapped to disk, pauses the stream once."""
    return _paused(reply, 2, 10.0)


def _tpot(*found: Exchange) -> dict[str, float]:
    return spread("tpot", each(samples.tpot, found))


@check(
    "latency.tpot",
    "The time per output token (TPOT) SHOULD stay within the budget at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="tpot",
    measures=_tpot,
)
def tpot(*found: Exchange) -> Findings:
    """(last text - first text) / (completion_tokens - 1); also called ITL."""
    yield from within("TPOT", each(samples.tpot, found), required_budget(found, "tpot"))


@fault(breaks=tpot, also=("latency",))
def throttled(reply: Reply) -> Reply:
    """A gateway throttles every stream to four tokens per second."""
    return slowed_at(reply, text_positions(reply)[1:], 0.25)


def _rates(*found: Exchange) -> dict[str, float]:
    return samples.rates(found)


@check(
    "latency.output-rate",
    "A stream SHOULD deliver at least the budgeted tokens per second at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="tokens_per_second",
    measures=_rates,
)
def output_rate(*found: Exchange) -> Findings:
    """Judged as seconds per token, so that p95 is the slow end."""
    budget = 1 / required_budget(found, "tokens_per_second")
    yield from within("E2E per output token", each(samples.per_token, found), budget)


@fault(breaks=output_rate, also=("latency",))
def memory_full(reply: Reply) -> Reply:
    """The KV cache is full, so requests are preempted and recomputed repeatedly."""
    return slowed_at(reply, text_positions(reply), 1.0)
