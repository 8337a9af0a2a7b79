"""Token counts and overflow rejections shared by the checks and faults of prompts."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.faults.rejection import accept_request
from contract.checks.judging.rejection import ABOUT_THE_REQUEST, status_and_body
from contract.checks.judging.usage import require_counter
from contract.model.chat import Json
from contract.model.check import Finding, Findings
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import Frame, Reply, encode_json
from contract.model.rewrite import rewrite_usage
from contract.schema import openapi
from contract.tokens import padding

# Share of the prompt by which the tokens of a chat template may change its length.
TEMPLATE_TOLERANCE = 0.1
# Characters of a message; the other families send shorter ones.
LONG_TEXT = 2_000


def fully_counted(exchange: Exchange, *, tolerant: bool = False) -> Findings:
    """
    Yield a finding unless prompt_tokens equals the intended length of the prompt.

    With *tolerant*, servers that do not count exactly may be off by
    `TEMPLATE_TOLERANCE`. Raise `NotApplicable` if the reply has no prompt_tokens.
    """
    actual, expected = (
        require_counter(exchange, "prompt_tokens"),
        padding.target_length(exchange),
    )
    exact = Capability.EXACT_TOKENS in exchange.profile.offers or not tolerant
    tolerance = 0 if exact else round(expected * TEMPLATE_TOLERANCE)
    if abs(actual - expected) > tolerance:
        yield Finding(
            "the prompt was changed after it was sent, or counted wrongly",
            expected=f"prompt_tokens {expected}"
            + (f" ± {tolerance}" if tolerance else ""),
            actual=f"prompt_tokens {actual}",
            at=f"request {exchange.probe.name}, /usage",
        )


def overflow_rejected(exchange: Exchange) -> Findings:
    """Yield a finding unless the request was rejected with the dialect's error body."""
    status = exchange.status or 0
    if status not in ABOUT_THE_REQUEST:
        prompt = exchange.count("prompt_tokens")
        usage = f"; prompt_tokens {prompt}" if prompt is not None else ""
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        yield Finding(
            "the server failed instead of rejecting the request"
            if failed
            else "a request that exceeds the context window was not rejected",
            expected="status 400, 413 or 422",
            actual=status_and_body(exchange) + usage,
            at=f"request {exchange.probe.name}",
        )
    elif not openapi.accepts(exchange.profile.dialect.prefix + "Error", exchange.json):
        yield Finding(
            "the rejection does not match the error schema of this API",
            expected=f"{exchange.profile.dialect.prefix}Error of openapi.yaml",
            actual=status_and_body(exchange),
            at=f"request {exchange.probe.name}",
        )


def reported_prompt_tokens(reply: Reply) -> int:
    """Return the prompt_tokens of a whole reply; 0 if it has none."""
    usage = reply.json.get("usage") if isinstance(reply.json, dict) else None
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) else 0


def set_prompt_tokens(reply: Reply, prompt: int) -> Reply:
    """Return *reply* with *prompt* as prompt_tokens, and total_tokens to match."""

    def changed(usage: dict[str, Json]) -> None:
        before, total = usage.get("prompt_tokens"), usage.get("total_tokens")
        if isinstance(before, int) and isinstance(total, int):
            usage.update(prompt_tokens=prompt, total_tokens=total - before + prompt)

    return rewrite_usage(reply, changed)


def accept_truncated(reply: Reply) -> Reply:
    """Turn an overflow rejection into an answer to a prompt cut to the window."""
    limit = reply.rejection.limit if reply.rejection is not None else 0
    return set_prompt_tokens(accept_request(reply), max(limit - 1, 1))


def overflow_rejection(reply: Reply, count: int, limit: int) -> Reply:
    """
    Return *reply* as the dialect's rejection of a prompt that exceeds the window.

    *count* is the length of the prompt in tokens, *limit* the context window.
    """
    problem = Rejection(reason=RejectionReason.OVERFLOW, count=count, limit=limit)
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode_json(body)
    return replace(reply, status=status, frames=(Frame(0.0, data),), rejection=problem)


def text_length(probe: Probe | None) -> int:
    """Return the length of all message texts of a request, in characters."""
    return sum(len(message.text) for message in probe.messages) if probe else 0
