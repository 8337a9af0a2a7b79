"""What the rate limit headers tell."""

from __future__ import annotations

from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply

COST = "x-ratelimit-tokens-query-cost"
RATES = (
    ("x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute"),
    ("x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute"),
)


@check(
    "schema.rate-limit-headers",
    "A response MUST tell the limits and what is left of them, and what it cost: the "
    "total tokens.",
    source="Mistral API, x-ratelimit-* response headers as measured in August 2026",
    sends=SUM_WHOLE,
    needs={Capability.RATE_LIMIT_HEADERS},
)
def rate_limit_headers(exchange: Exchange) -> Findings:
    for pair in RATES:
        limit, left = (_whole(exchange, name) for name in pair)
        if limit is None or left is None or left > limit:
            yield Finding(
                "a rate limit cannot be read",
                f"{pair[1]} <= {pair[0]}, whole numbers",
                f"{exchange.header(pair[1])} and {exchange.header(pair[0])}",
            )
    cost = _whole(exchange, COST)
    total = exchange.count("total_tokens")
    if cost is None or (total is not None and cost != total):
        yield Finding(
            "the cost is not the total of tokens",
            f"{COST}: {total}",
            f"{COST}: {exchange.header(COST)}",
        )


def _whole(exchange: Exchange, name: str) -> int | None:
    text = exchange.header(name) or ""
    return int(text) if text.isdecimal() and len(text) < 20 else None  # noqa: PLR2004  # 64 bits


@fault(breaks=rate_limit_headers)
def cost_of_one_token(reply: Reply) -> Reply:
    """The meter counts requests where it should count tokens."""
    if not any(name == COST for name, _ in reply.headers):
        return reply
    return reply.with_header(COST, "1")


@fault(breaks=rate_limit_headers)
def limits_lost(reply: Reply) -> Reply:
    """A proxy passes on no x-ratelimit header."""
    kept = [pair for pair in reply.headers if not pair[0].startswith("x-ratelimit-")]
    for name in {name for name, _ in reply.headers} - {name for name, _ in kept}:
        reply = reply.with_header(name, None)
    return reply
