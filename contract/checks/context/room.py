"""How much room an answer is given: what max_tokens may ask for beside a prompt."""

from __future__ import annotations

from contract.checks.context.prompt_length import refused_overflow
from contract.checks.context.prompts import (
    ALL_THE_ROOM,
    TOO_MUCH_ROOM,
)
from contract.checks.faults.refusal import (
    accepted,
    reject,
    request_body,
)
from contract.checks.judging.refusal import ABOUT_THE_REQUEST
from contract.checks.sources import (
    MISTRAL_CHAT,
    MODEL_CARD,
    VLLM_LIMITS,
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
from contract.model.rejection import RejectionReason
from contract.model.reply import Reply

# Room that is not there is cut to what is left, and the request answered.
CLAMPED = "max-tokens-clamped"


@check(
    "context.refuses-too-much-room",
    "A max_tokens that does not fit beside the prompt MUST be refused with a 4xx "
    "error.",
    source=f"{MISTRAL_CHAT}; openclaw/openclaw#53054",
    sends=TOO_MUCH_ROOM,
    expects=ANY,
    unless=CLAMPED,
)
def refuses_too_much_room(exchange: Exchange) -> Findings:
    """Mistral: "the token count of your prompt plus max_tokens cannot exceed"."""
    yield from refused_overflow(exchange)


@fault(breaks=refuses_too_much_room)
def room_cut_silently(reply: Reply) -> Reply:
    """The max_tokens asked for is cut to what is left, and nobody says so."""
    problem = reply.rejection
    if problem is None or problem.reason is not RejectionReason.MAX_TOKENS:
        return reply
    asked = problem.value
    return accepted(reply) if isinstance(asked, int) and asked > 1 else reply


@check(
    "context.takes-the-window-as-room",
    "A max_tokens as large as the window MUST be taken by who cuts it to what is left.",
    source=f"{MODEL_CARD}: max_tokens 131072, its window; openclaw/openclaw#53054",
    sends=ALL_THE_ROOM,
    expects=ANY,
)
def takes_the_window_as_room(exchange: Exchange) -> Findings:
    """The card's own example is refused by who holds prompt and room together."""
    if CLAMPED not in exchange.profile.tolerates:
        raise NotApplicable(f"{exchange.profile.id} does not cut max_tokens")
    if exchange.status != 200:  # noqa: PLR2004  # the one good answer
        yield Finding(
            "what the model card recommends was refused",
            expected="status 200",
            actual=f"status {exchange.status}, {shorten(exchange.text)}",
            at=f"request {exchange.probe.name}",
        )


@fault(breaks=takes_the_window_as_room)
def cards_own_example_refused(reply: Reply) -> Reply:
    """Prompt and max_tokens are added up again, as they were before 0.16."""
    value = request_body(reply).get("max_tokens")
    if not isinstance(value, int) or value < 49_000 or reply.status != 200:  # noqa: PLR2004  # windows are larger
        return reply
    return reject(reply, "/max_tokens", value, "max_tokens is too large")


@check(
    "context.stays-within-the-window",
    "Prompt and completion together MUST NOT be longer than the context window.",
    source=f"{VLLM_LIMITS}; vllm-project/vllm#1543",
    sends=TOO_MUCH_ROOM,
    expects=ANY,
)
def stays_within_the_window(exchange: Exchange) -> Findings:
    """Refused or cut to what is left: both are right, each with its provider."""
    status, window = exchange.status or 0, exchange.profile.context_window
    total = exchange.count("total_tokens")
    if status in ABOUT_THE_REQUEST:
        return
    if status != 200:  # noqa: PLR2004  # the one good answer
        yield from refused_overflow(exchange)
    elif total is None:
        raise NotApplicable("the reply has no whole number as total_tokens")
    elif total > window:
        yield Finding(
            "the reply is longer than the context window",
            expected=f"at most {window} total_tokens",
            actual=f"total_tokens {total}",
            at="/usage",
        )


@fault(breaks=stays_within_the_window, also=("context", "sampling"))
def room_crashes(reply: Reply) -> Reply:
    """A max_tokens near the window makes the scheduler fail."""
    text = reply.request.body.rpartition(b'"max_tokens":')[2][:12]
    digits = text.split(b",")[0].rstrip(b"}")
    if not digits.isdigit() or int(digits) < 40_000:  # noqa: PLR2004  # nobody else asks for so many
        return reply
    return reply.with_status(500)
