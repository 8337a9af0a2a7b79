"""Recovery checks: rejecting an oversized prompt is cheap and harmless."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.context.prompt_length import reported_prompt_tokens
from contract.checks.context.prompts import LAST_BUT_ONE
from contract.checks.faults.overflow import TOLERATES_OVERFLOW, excess_tokens
from contract.checks.judging.rejection import ABOUT_THE_REQUEST, is_reply_to
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM_WHOLE, WINDOW_PLUS_1000
from contract.model.reply import Frame, Reply

# Separate samples: sent in this order, whatever other checks have sent.
OVERFLOW = replace(WINDOW_PLUS_1000, name="overflow-before", sample=1)
AFTER = replace(
    SUM_WHOLE,
    name="after-overflow",
    options=replace(SUM_WHOLE.options, max_tokens=8),
    sample=1,
)
# Shared with serves-the-window: a second copy could be answered from a prefix cache.
SERVED = LAST_BUT_ONE
REJECTED = replace(WINDOW_PLUS_1000, name="refused-alone", sample=2)

# A server that stays busy (429, 503) is a finding here.
ANSWERS = frozenset(range(200, 600))
# Below this, the time does not show whether a rejected prompt was computed first.
MIN_SERVED_SECONDS = 2.0
# A rejection may take this share of the time that a full window takes.
MAX_SHARE = 0.5
# Tokens; only prompts that nearly fill the window of a test are longer.
NEARLY_FULL = 45_000


@check(
    "context.answers-after-overflow",
    "A server MUST answer the next request after rejecting an oversized prompt.",
    source="vllm-project/vllm#765; sgl-project/sglang#3910",
    sends=(OVERFLOW, AFTER),
    expects=ANSWERS,
    unless=TOLERATES_OVERFLOW,
    alone=True,
)
def answers_after_overflow(overflow: Exchange, after: Exchange) -> Findings:
    if overflow.status not in ABOUT_THE_REQUEST:
        raise NotApplicable("the oversized prompt was not rejected")
    answered = after.count("completion_tokens") or after.choices
    if after.status != HTTPStatus.OK or not answered:
        yield Finding(
            "the next request was not answered",
            expected="status 200 and an answer",
            actual=f"status {after.status}, {shorten(after.text) or 'no body'}",
            at=f"request {after.probe.name}",
        )


@fault(breaks=answers_after_overflow)
def engine_lost_after_overflow(reply: Reply) -> Reply:
    """An oversized prompt takes the engine down, and the next request gets a 503."""
    if not is_reply_to(reply, AFTER):
        return reply
    return reply.with_status(HTTPStatus.SERVICE_UNAVAILABLE)


@check(
    "context.refuses-sooner-than-it-serves",
    "An oversized prompt SHOULD be rejected in far less time than a full window takes "
    "to be served.",
    source="house rule; vllm-project/vllm rejects it before any computation",
    sends=(SERVED, REJECTED),
    expects=ANY,
    unless=TOLERATES_OVERFLOW,
    slow=True,
    alone=True,
)
def refuses_sooner_than_it_serves(served: Exchange, rejected: Exchange) -> Findings:
    """Otherwise a client that does not count tokens can keep a server busy in vain."""
    if served.status != HTTPStatus.OK or rejected.status not in ABOUT_THE_REQUEST:
        raise NotApplicable(
            "the full window was not served, or the oversized prompt not rejected"
        )
    if served.elapsed < MIN_SERVED_SECONDS:
        raise NotApplicable(
            f"a full window was served in {served.elapsed:.1f} s; too fast to judge"
        )
    limit = served.elapsed * MAX_SHARE
    if rejected.elapsed > limit:
        yield Finding(
            "the rejection took too long",
            expected=f"at most {limit:.1f} s, half the time of a full window",
            actual=f"{rejected.elapsed:.1f} s",
            at=f"request {rejected.probe.name}",
        )


@fault(breaks=refuses_sooner_than_it_serves, also=("latency",))
def computed_before_refused(reply: Reply) -> Reply:
    """The prompt is computed before its length is checked."""
    if excess_tokens(reply) is None and reported_prompt_tokens(reply) < NEARLY_FULL:
        return reply
    return reply.with_frames(Frame(frame.at + 10, frame.data) for frame in reply.frames)
