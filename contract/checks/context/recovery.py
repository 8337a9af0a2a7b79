"""That a prompt too long costs the server little, and the next request nothing."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.context.prompt_length import charged
from contract.checks.context.prompts import LAST_BUT_ONE
from contract.checks.faults.overflow import (
    BOUNDLESS,
    excess,
)
from contract.checks.judging.refusal import (
    ABOUT_THE_REQUEST,
    answers,
)
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
from contract.model.probes import (
    SUM_WHOLE,
    THOUSAND_MORE,
)
from contract.model.reply import (
    Frame,
    Reply,
)

# Sent for themselves and in this order, whatever other checks have sent.
OVERFLOW = replace(THOUSAND_MORE, name="overflow-before", sample=1)
AFTER = replace(
    SUM_WHOLE,
    name="after-overflow",
    options=replace(SUM_WHOLE.options, max_tokens=8),
    sample=1,
)
# The very request of serves-the-window: sent again, a cache would answer it at once.
SERVED = LAST_BUT_ONE
REFUSED = replace(THOUSAND_MORE, name="refused-alone", sample=2)

# Not even being busy is an excuse here.
ANSWERS = frozenset(range(200, 600))
# Below this nobody can tell reading a prompt from computing it.
TELLING = 2.0  # seconds
SHARE = 0.5


@check(
    "context.answers-after-overflow",
    "A server MUST answer the next request after it refused a prompt that does not "
    "fit.",
    source="vllm-project/vllm#765; sgl-project/sglang#3910",
    sends=(OVERFLOW, AFTER),
    expects=ANSWERS,
    unless=BOUNDLESS,
    alone=True,
)
def answers_after_overflow(overflow: Exchange, after: Exchange) -> Findings:
    if overflow.status not in ABOUT_THE_REQUEST:
        raise NotApplicable("the prompt that does not fit was not refused")
    if after.status != 200 or not (after.count("completion_tokens") or after.choices):  # noqa: PLR2004  # the one good answer
        yield Finding(
            "the next request was not answered",
            expected="status 200 and an answer",
            actual=f"status {after.status}, {shorten(after.text) or 'no body'}",
            at=f"request {after.probe.name}",
        )


@fault(breaks=answers_after_overflow)
def engine_lost_after_overflow(reply: Reply) -> Reply:
    """A prompt too long takes the engine down, and the next one is turned away."""
    return reply.with_status(503) if answers(reply, AFTER) else reply


@check(
    "context.refuses-sooner-than-it-serves",
    "A prompt that does not fit SHOULD be refused in far less time than it takes to "
    "serve one that does.",
    source="house rule; vllm-project/vllm refuses before any computing",
    sends=(SERVED, REFUSED),
    expects=ANY,
    unless=BOUNDLESS,
    slow=True,
    alone=True,
)
def refuses_sooner_than_it_serves(served: Exchange, refused: Exchange) -> Findings:
    """Or a client without a counter can keep a server busy for nothing."""
    if served.status != 200 or refused.status not in ABOUT_THE_REQUEST:  # noqa: PLR2004  # the one good answer
        raise NotApplicable("the window was not served, or what exceeds it not refused")
    if served.elapsed < TELLING:
        raise NotApplicable(
            f"a whole window was served in {served.elapsed:.1f} s; too fast to tell"
        )
    most = served.elapsed * SHARE
    if refused.elapsed > most:
        yield Finding(
            "the refusal took as long as an answer",
            expected=f"at most {most:.1f} s, half the time of a whole window",
            actual=f"{refused.elapsed:.1f} s",
            at=f"request {refused.probe.name}",
        )


@fault(breaks=refuses_sooner_than_it_serves, also=("latency",))
def computed_before_refused(reply: Reply) -> Reply:
    """The prompt is computed first, and its length is looked at afterwards."""
    if excess(reply) is None and charged(reply) < 45_000:  # noqa: PLR2004  # a window's worth
        return reply
    return reply.with_frames(Frame(frame.at + 10, frame.data) for frame in reply.frames)
