"""Checks of the rate limit headers."""

from __future__ import annotations

from contract.model.check import Finding, Findings, Scope, check, fault
from contract.model.exchange import Exchange
from contract.model.probes import SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply

# Header with the number of tokens that a request was charged.
COST = "x-ratelimit-tokens-query-cost"
# Headers with a limit per minute, and with what remains of it.
RATES = (
    ("x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute"),
    ("x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute"),
)
DIGITS = 19  # of the largest signed 64-bit integer


@check(
    "schema.rate-limit-headers",
    "A response MUST state the rate limits, what remains of them, and its total tokens "
    "as its cost.",
    source="Mistral API, x-ratelimit-* response headers as measured in August 2026",
    sends=SUM_WHOLE,
    needs={Capability.RATE_LIMIT_HEADERS},
    every=Scope.WHOLE,
)
def rate_limit_headers(exchange: Exchange) -> Findings:
    for pair in RATES:
        limit, remaining = (_integer(exchange, name) for name in pair)
        if limit is None or remaining is None or remaining > limit:
            yield Finding(
                "missing or invalid rate limit headers",
                f"{pair[1]} <= {pair[0]}, both integers",
                " and ".join(exchange.header(name) or "none" for name in pair),
            )
    cost = _integer(exchange, COST)
    total = exchange.count("total_tokens")
    if cost is None or (total is not None and cost != total):
        yield Finding(
            "the cost is not the total number of tokens",
            f"{COST}: {total}",
            f"{COST}: {exchange.header(COST) or 'none'}",
        )


def _integer(exchange: Exchange, name: str) -> int | None:
    text = exchange.header(name) or ""
    return int(text) if text.isdecimal() and len(text) <= DIGITS else None


@fault(breaks=rate_limit_headers)
def cost_of_one_token(reply: Reply) -> Reply:
    """The meter counts requests instead of tokens."""
    if not any(name == COST for name, _ in reply.headers):
        return reply
    return reply.with_header(COST, "1")


@fault(breaks=rate_limit_headers)
def limits_lost(reply: Reply) -> Reply:
    """A proxy removes all x-ratelimit headers."""
    kept = [pair for pair in reply.headers if not pair[0].startswith("x-ratelimit-")]
    for name in {name for name, _ in reply.headers} - {name for name, _ in kept}:
        reply = reply.with_header(name, None)
    return reply
