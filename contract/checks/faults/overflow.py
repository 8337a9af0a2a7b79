"""Rejections of prompts that exceed the context window."""

from __future__ import annotations

from contract.model.rejection import RejectionReason
from contract.model.reply import Reply

LONG = 20_000  # bytes; a shorter request cannot fill any context window


def excess_tokens(reply: Reply) -> int | None:
    """
    Return by how many tokens the prompt exceeds the window; None for other replies.

    It is 0 for a prompt that fills the window and leaves no token for the answer.
    """
    problem = reply.rejection
    if problem is None or len(reply.request.body) < LONG:
        return None
    if problem.reason is RejectionReason.OVERFLOW:
        return problem.count - problem.limit
    filled = problem.reason is RejectionReason.SCHEMA and problem.value == 0
    # The prompt fits, but not together with the single token that was requested.
    no_budget = problem.reason is RejectionReason.MAX_TOKENS and problem.value == 1
    return 0 if filled or no_budget else None


# The entry in a profile's `tolerates` for servers without a documented limit.
TOLERATES_OVERFLOW = "prompt-over-the-window"
