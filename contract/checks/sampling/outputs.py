"""What the judges and faults of sampling share: their sources, and what was said."""

from __future__ import annotations

from contract.model.reply import Reply
from contract.model.rewrite import decode_reply


def lot(reply: Reply) -> str:
    """What is another in every reply: the end of its id."""
    exchange = decode_reply(reply)
    first = exchange.chunks[0].json if exchange.chunks else exchange.json
    name = first.get("id") if isinstance(first, dict) else None
    return name[-6:] if isinstance(name, str) else ""
