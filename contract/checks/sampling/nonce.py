"""Text that differs between replies, for faults that make answers vary."""

from __future__ import annotations

from contract.model.reply import Reply
from contract.model.rewrite import decode_reply

_LENGTH = 6  # characters


def reply_nonce(reply: Reply) -> str:
    """Return the last characters of the id of *reply*; empty if it has no id."""
    exchange = decode_reply(reply)
    first = exchange.chunks[0].json if exchange.chunks else exchange.json
    name = first.get("id") if isinstance(first, dict) else None
    return name[-_LENGTH:] if isinstance(name, str) else ""
