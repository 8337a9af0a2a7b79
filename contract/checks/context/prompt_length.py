"""What the judges and faults of long prompts share: counts, refusals, and both ways."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.faults.refusal import accepted
from contract.checks.judging.refusal import ABOUT_THE_REQUEST
from contract.checks.judging.usage import counted
from contract.model.chat import (
    Json,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    Frame,
    Reply,
    encode_json,
)
from contract.model.rewrite import rewrite_usage
from contract.schema import openapi
from contract.tokens import padding

EXACT = frozenset({Capability.EXACT_TOKENS})


# Where templates spell what is around the words, they may cost so much more or less.
ROUGHLY = 0.1


def all_of_it(exchange: Exchange, *, roughly: bool = False) -> Findings:
    """A finding unless the prompt is counted as long as it was made."""
    told, wanted = counted(exchange, "prompt_tokens"), padding.target_length(exchange)
    exact = Capability.EXACT_TOKENS in exchange.profile.offers or not roughly
    spare = 0 if exact else round(wanted * ROUGHLY)
    if abs(told - wanted) > spare:
        yield Finding(
            "the prompt was not read as it was sent",
            expected=f"prompt_tokens {wanted}" + (f" ± {spare}" if spare else ""),
            actual=f"prompt_tokens {told}",
            at=f"request {exchange.probe.name}, /usage",
        )


def refused_overflow(exchange: Exchange) -> Findings:
    """A finding unless the request was refused, in the dialect's shape of an error."""
    status = exchange.status or 0
    seen = f"status {status}, {shorten(exchange.text) or 'no body'}"
    if status not in ABOUT_THE_REQUEST:
        told = exchange.count("prompt_tokens")
        taken = f"; prompt_tokens {told}" if told is not None else ""
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        yield Finding(
            "the server failed where it should have refused"
            if failed
            else "a prompt that does not fit was not refused",
            expected="status 400, 413 or 422",
            actual=seen + taken,
            at=f"request {exchange.probe.name}",
        )
    elif not openapi.accepts(exchange.profile.dialect.prefix + "Error", exchange.json):
        yield Finding(
            "the refusal is not in the shape of this provider's errors",
            expected=f"{exchange.profile.dialect.prefix}Error of openapi.yaml",
            actual=seen,
            at=f"request {exchange.probe.name}",
        )


def charged(reply: Reply) -> int:
    """The prompt_tokens of a whole reply; 0 where it tells none."""
    usage = reply.json.get("usage") if isinstance(reply.json, dict) else None
    told = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return told if isinstance(told, int) else 0


def set_prompt_tokens(reply: Reply, prompt: int) -> Reply:
    """*reply* with so many prompt_tokens in its usage."""

    def changed(usage: dict[str, Json]) -> None:
        before, total = usage.get("prompt_tokens"), usage.get("total_tokens")
        if isinstance(before, int) and isinstance(total, int):
            usage.update(prompt_tokens=prompt, total_tokens=total - before + prompt)

    return rewrite_usage(reply, changed)


def taken(reply: Reply) -> Reply:
    """The opposite of a refusal for length: an answer to what is left of a prompt."""
    limit = reply.rejection.limit if reply.rejection is not None else 0
    return set_prompt_tokens(accepted(reply), max(limit - 1, 1))


def overflow_refusal(reply: Reply, count: int, limit: int) -> Reply:
    """*reply* as the refusal of a prompt of *count* tokens by a window of *limit*."""
    problem = Rejection(reason=RejectionReason.OVERFLOW, count=count, limit=limit)
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode_json(body)
    return replace(reply, status=status, frames=(Frame(0.0, data),), rejection=problem)


def words(probe: Probe | None) -> int:
    """How much text a request holds, in characters."""
    return sum(len(message.text) for message in probe.messages) if probe else 0
