"""How long somebody waits: for the first text, for the answer, for the end."""

from __future__ import annotations

from contract.checks.faults.chunks import text_frames
from contract.checks.faults.overflow import (
    BOUNDLESS,
    excess,
)
from contract.checks.judging.refusal import ABOUT_THE_REQUEST
from contract.checks.latency import samples
from contract.checks.latency.delays import (
    bound,
    later,
    texts,
)
from contract.checks.latency.samples import (
    INFERENCE,
    OVERFLOWS,
    SAMPLES,
    each,
    spread,
    within,
)
from contract.model.chat import PieceKind
from contract.model.check import (
    ANY,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply

STREAMING = {Capability.STREAMING}
LONG = 10.0  # seconds that nobody budgets


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
    yield from within("TTFT", each(samples.ttft, found), bound(found, "ttft"))


@fault(breaks=ttft, also=("latency",))
def queued(reply: Reply) -> Reply:
    """A request waits in a queue for ten seconds before anybody looks at it."""
    return later(reply, 0, LONG) if reply.streamed else reply


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
    yield from within("TTFO", each(samples.ttfo, found), bound(found, "ttfo"))


@fault(breaks=ttfo, also=("latency",))
def answer_waits_for_a_judge(reply: Reply) -> Reply:
    """A guardrail reads the whole thought before it lets the answer begin."""
    answer = text_frames(reply, frozenset({PieceKind.ANSWER}))
    return later(reply, answer[0], LONG) if answer else reply


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
    yield from within("E2E", each(samples.e2e, found), bound(found, "e2e"))


@fault(breaks=e2e, also=("latency",))
def connection_kept_open(reply: Reply) -> Reply:
    """The text is there, and the stream ends ten seconds after it."""
    spoken = texts(reply)
    return later(reply, spoken[-1] + 1, LONG) if spoken else reply


def _reject(*found: Exchange) -> dict[str, float]:
    return spread("reject", each(samples.e2e, found))


@check(
    "latency.reject",
    "The refusal of a prompt that does not fit SHOULD come within the budget at p95.",
    source="house rule; vllm-project/vllm refuses before any computing",
    sends=OVERFLOWS,
    expects=ANY,
    unless=BOUNDLESS,
    alone=True,
    budget="reject",
    measures=_reject,
)
def reject(*found: Exchange) -> Findings:
    refused = tuple(x for x in found if x.status in ABOUT_THE_REQUEST)
    if len(refused) < len(found):
        raise NotApplicable("a prompt that does not fit was not refused")
    budget = bound(found, "reject")
    yield from within("the time to refuse", each(samples.e2e, refused), budget)


@fault(breaks=reject)
def refused_after_a_while(reply: Reply) -> Reply:
    """The length of a prompt is looked at when its turn comes, not when it arrives."""
    return reply if excess(reply) is None else later(reply, 0, LONG)
