"""
Completion budgets: the number of tokens that may be generated for a prompt.

Each function takes the tokens of the prompt, max_tokens or None, and the context
window in tokens. It returns the budget in tokens, or the rejection of the request.
"""

from __future__ import annotations

from contract.model.rejection import Rejection, RejectionReason


def must_fit(prompt: int, asked: int | None, window: int) -> int | Rejection:
    """Require that prompt and max_tokens fit into the window together."""
    if prompt > window:
        return Rejection(reason=RejectionReason.OVERFLOW, count=prompt, limit=window)
    if prompt + (1 if asked is None else asked) > window:
        count = prompt + (1 if asked is None else asked)
        return Rejection(
            reason=RejectionReason.MAX_TOKENS, value=asked, count=count, limit=window
        )
    return window - prompt if asked is None else asked


def clamped(prompt: int, asked: int | None, window: int) -> int | Rejection:
    """
    Require that the prompt leaves one token; reduce max_tokens to what it leaves.

    A prompt as long as the window is valid as a prompt, but rejected because it
    leaves no token to generate. A max_tokens above the window is rejected as such.
    """
    if prompt > window:
        return Rejection(reason=RejectionReason.OVERFLOW, count=prompt, limit=window)
    if asked is not None and asked > window:
        return Rejection(
            reason=RejectionReason.MAX_TOKENS, value=asked, count=asked, limit=window
        )
    if prompt == window:
        return Rejection(
            reason=RejectionReason.SCHEMA,
            message="max_tokens must be at least 1, got 0.",
            pointer="/max_tokens",
            keyword="minimum",
            expected="1",
            value=0,
        )
    return window - prompt if asked is None else min(asked, window - prompt)


def unbounded(prompt: int, asked: int | None, window: int) -> int | Rejection:
    """Require that the prompt leaves one token; a negative max_tokens is no bound."""
    if prompt >= window:
        return Rejection(reason=RejectionReason.OVERFLOW, count=prompt, limit=window)
    left = window - prompt
    if asked is None or asked < 0:
        return left
    return min(max(asked, 1), left)
