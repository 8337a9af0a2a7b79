"""What the judges and faults of sampling share: their sources, and what was said."""

from __future__ import annotations

from contract.checks.base import Finding, Findings
from contract.exchange import Exchange
from contract.reply import Reply
from contract.retell import heard

OPENAI_CHAT = "https://platform.openai.com/docs/api-reference/chat/create"
MISTRAL_CHAT = "https://docs.mistral.ai/api/endpoint/chat"
MODEL_CARD = "https://huggingface.co/mistralai/Magistral-Small-2509"


def said(exchange: Exchange) -> tuple[str, str]:
    """Thought and answer, without the white space that some servers trim."""
    return exchange.reasoning.strip(), exchange.answer.strip()


def answered(*exchanges: Exchange) -> Findings:
    """A finding for each reply without a choice: taken is not yet answered."""
    for exchange in exchanges:
        if not exchange.choices:
            yield Finding(
                "the request was taken and not answered",
                expected="a choice",
                actual="none",
                at=exchange.probe.name,
            )


def lot(reply: Reply) -> str:
    """What is another in every reply: the end of its id."""
    exchange = heard(reply)
    first = exchange.chunks[0].json if exchange.chunks else exchange.json
    name = first.get("id") if isinstance(first, dict) else None
    return name[-6:] if isinstance(name, str) else ""
