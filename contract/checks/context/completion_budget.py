"""Completion budget checks: max_tokens beyond what the prompt leaves of the window."""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.context.prompt_length import overflow_rejected
from contract.checks.context.prompts import EXCESSIVE_BUDGET, FULL_WINDOW_BUDGET
from contract.checks.faults.rejection import accept_request, reject, request_body
from contract.checks.judging.rejection import ABOUT_THE_REQUEST
from contract.checks.sources import MISTRAL_CHAT, MODEL_CARD, VLLM_LIMITS
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
from contract.model.rejection import RejectionReason
from contract.model.reply import Reply

# Profiles that tolerate this clamp max_tokens to what the prompt leaves.
CLAMPED = "max-tokens-clamped"
# A max_tokens of this size is only asked for by the requests of this module.
NEAR_WINDOW = 40_000
WHOLE_WINDOW = 49_000


@check(
    "context.refuses-too-much-room",
    "A max_tokens that does not fit beside the prompt MUST be rejected with a 4xx "
    "error.",
    source=f"{MISTRAL_CHAT}; openclaw/openclaw#53054",
    sends=EXCESSIVE_BUDGET,
    expects=ANY,
    unless=CLAMPED,
)
def refuses_too_much_room(exchange: Exchange) -> Findings:
    """Mistral: "the token count of your prompt plus max_tokens cannot exceed" it."""
    yield from overflow_rejected(exchange)


@fault(breaks=refuses_too_much_room)
def room_cut_silently(reply: Reply) -> Reply:
    """max_tokens is silently clamped to what the prompt leaves of the window."""
    problem = reply.rejection
    if problem is None or problem.reason is not RejectionReason.MAX_TOKENS:
        return reply
    requested = problem.value
    large = isinstance(requested, int) and requested > 1
    return accept_request(reply) if large else reply


@check(
    "context.takes-the-window-as-room",
    "A server that clamps max_tokens MUST accept the whole window as max_tokens.",
    source=f"{MODEL_CARD}: max_tokens 131072, its window; openclaw/openclaw#53054",
    sends=FULL_WINDOW_BUDGET,
    expects=ANY,
)
def takes_the_window_as_room(exchange: Exchange) -> Findings:
    """The model card's own example; servers that add up both counts reject it."""
    if CLAMPED not in exchange.profile.tolerates:
        raise NotApplicable(f"{exchange.profile.id} does not clamp max_tokens")
    if exchange.status != HTTPStatus.OK:
        yield Finding(
            "the example of the model card was not answered",
            expected="status 200",
            actual=f"status {exchange.status}, {shorten(exchange.text)}",
            at=f"request {exchange.probe.name}",
        )


@fault(breaks=takes_the_window_as_room)
def cards_own_example_refused(reply: Reply) -> Reply:
    """Prompt and max_tokens are added up, as in vLLM before 0.16."""
    value = request_body(reply).get("max_tokens")
    large = isinstance(value, int) and value >= WHOLE_WINDOW
    if not large or reply.status != HTTPStatus.OK:
        return reply
    return reject(reply, "/max_tokens", value, "max_tokens is too large")


@check(
    "context.stays-within-the-window",
    "Prompt and completion together MUST NOT exceed the context window.",
    source=f"{VLLM_LIMITS}; vllm-project/vllm#1543",
    sends=EXCESSIVE_BUDGET,
    expects=ANY,
)
def stays_within_the_window(exchange: Exchange) -> Findings:
    """Rejecting and clamping are both valid; each API does one of them."""
    status, window = exchange.status or 0, exchange.profile.context_window
    total = exchange.count("total_tokens")
    if status in ABOUT_THE_REQUEST:
        return
    if status != HTTPStatus.OK:
        yield from overflow_rejected(exchange)
    elif total is None:
        raise NotApplicable("the reply has no whole number as total_tokens")
    elif total > window:
        yield Finding(
            "prompt and completion exceed the context window",
            expected=f"at most {window} total_tokens",
            actual=f"total_tokens {total}",
            at="/usage",
        )


@fault(breaks=stays_within_the_window, also=("context", "sampling"))
def room_crashes(reply: Reply) -> Reply:
    """A max_tokens close to the context window crashes the scheduler."""
    asked = reply.asked.get("max_tokens")
    if not isinstance(asked, int) or asked < NEAR_WINDOW:
        return reply
    return reply.with_status(HTTPStatus.INTERNAL_SERVER_ERROR)
