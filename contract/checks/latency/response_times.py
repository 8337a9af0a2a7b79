"""Response time checks: TTFT, TTFO, E2E and rejection of oversized prompts."""

from __future__ import annotations

from contract.checks.faults.chunks import text_frames
from contract.checks.faults.overflow import TOLERATES_OVERFLOW, excess_tokens
from contract.checks.judging.rejection import ABOUT_THE_REQUEST
from contract.checks.latency import samples
from contract.checks.latency.delays import delayed_from, required_budget, text_positions
from contract.checks.latency.samples import (
    INFERENCE,
    OVERFLOWS,
    SAMPLES,
    each,
    spread,
    within,
)
from contract.model.chat import PieceKind
from contract.model.check import ANY, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply

STREAMING = {Capability.STREAMING}
LONG_DELAY = 10.0  # seconds; above any realistic budget


def _ttft(*found: Exchange) -> dict[str, float]:
    return spread("ttft", each(samples.ttft, found))


@check(
    "latency.ttft",
    "The time to the first text (TTFT) SHOULD stay within the budget at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="ttft",
    measures=_ttft,
)
def ttft(*found: Exchange) -> Findings:
    yield from within("TTFT", each(samples.ttft, found), required_budget(found, "ttft"))


@fault(breaks=ttft, also=("latency", "streaming.arrives-incrementally"))
def queued(reply: Reply) -> Reply:
    """A request waits in a queue for ten seconds before it is processed."""
    return delayed_from(reply, 0, LONG_DELAY) if reply.streamed else reply


def _ttfo(*found: Exchange) -> dict[str, float]:
    return spread("ttfo", each(samples.ttfo, found))


@check(
    "latency.ttfo",
    "The time to the first text of the answer (TTFO) SHOULD stay within the budget at "
    "p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="ttfo",
    measures=_ttfo,
)
def ttfo(*found: Exchange) -> Findings:
    yield from within("TTFO", each(samples.ttfo, found), required_budget(found, "ttfo"))


@fault(
    breaks=ttfo,
    also=(
        "latency",
        "streaming.arrives-incrementally",
        "streaming.does-not-stall",
        "streaming.formats-are-not-buffered",
    ),
)
def answer_waits_for_a_judge(reply: Reply) -> Reply:
    """A guardrail reads the complete reasoning before it lets the answer start."""
    answer = text_frames(reply, frozenset({PieceKind.ANSWER}))
    return delayed_from(reply, answer[0], LONG_DELAY) if answer else reply


def _e2e(*found: Exchange) -> dict[str, float]:
    return spread("e2e", each(samples.e2e, found))


@check(
    "latency.e2e",
    "The time to the last byte (E2E) SHOULD stay within the budget at p95.",
    source=f"house rule; {INFERENCE}",
    sends=SAMPLES,
    needs=STREAMING,
    alone=True,
    budget="e2e",
    measures=_e2e,
)
def e2e(*found: Exchange) -> Findings:
    yield from within("E2E", each(samples.e2e, found), required_budget(found, "e2e"))


@fault(breaks=e2e, also=("latency",))
def connection_kept_open(reply: Reply) -> Reply:
    """The stream ends ten seconds after its last text."""
    positions = text_positions(reply)
    return delayed_from(reply, positions[-1] + 1, LONG_DELAY) if positions else reply


def _reject(*found: Exchange) -> dict[str, float]:
    return spread("reject", each(samples.e2e, found))


@check(
    "latency.reject",
    "An oversized prompt SHOULD be rejected within the budget at p95.",
    source="house rule; vllm-project/vllm rejects it before any computation",
    sends=OVERFLOWS,
    expects=ANY,
    unless=TOLERATES_OVERFLOW,
    alone=True,
    budget="reject",
    measures=_reject,
)
def reject(*found: Exchange) -> Findings:
    rejected = tuple(x for x in found if x.status in ABOUT_THE_REQUEST)
    if len(rejected) < len(found):
        raise NotApplicable("an oversized prompt was not rejected")
    budget = required_budget(found, "reject")
    yield from within("the rejection time", each(samples.e2e, rejected), budget)


@fault(breaks=reject)
def refused_after_a_while(reply: Reply) -> Reply:
    """The prompt length is checked only when the request leaves the queue."""
    return reply if excess_tokens(reply) is None else delayed_from(reply, 0, LONG_DELAY)
