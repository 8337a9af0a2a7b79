"""How many tokens may be generated beside a prompt, provider by provider."""

from __future__ import annotations

from contract.model.rejection import (
    Rejection,
    RejectionReason,
)


def must_fit(prompt: int, asked: int | None, window: int) -> int | Rejection:
    """Prompt and max_tokens must fit together."""
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
    The prompt must leave one token; a greater max_tokens is cut to what is left.

    A prompt as long as the window passes as a prompt and then fails for want of a
    token to generate; max_tokens beyond the window is refused by itself.
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
    """The prompt must leave one token; max_tokens below one means no bound."""
    if prompt >= window:
        return Rejection(reason=RejectionReason.OVERFLOW, count=prompt, limit=window)
    left = window - prompt
    if asked is None or asked < 0:
        return left
    return min(max(asked, 1), left)
