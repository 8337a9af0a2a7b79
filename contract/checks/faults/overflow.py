"""Refusals of prompts that exceed the context window."""

from __future__ import annotations

from contract.model.rejection import RejectionReason
from contract.model.reply import Reply

LONG = 20_000  # bytes of a request that may fill a window


def excess(reply: Reply) -> int | None:
    """
    By how many tokens the prompt that *reply* refuses is too long; None for others.

    A prompt that fills the window to the last token is too long by none.
    """
    problem = reply.rejection
    if problem is None or len(reply.request.body) < LONG:
        return None
    if problem.reason is RejectionReason.OVERFLOW:
        return problem.count - problem.limit
    full = problem.reason is RejectionReason.SCHEMA and problem.value == 0
    # A prompt and the one token asked for, refused for the sake of the latter.
    room = problem.reason is RejectionReason.MAX_TOKENS and problem.value == 1
    return 0 if full or room else None


# A provider that documents no bound takes whatever memory holds.
BOUNDLESS = "prompt-over-the-window"
