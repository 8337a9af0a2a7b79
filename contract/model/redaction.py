"""Removal of credentials and known secrets from headers and text."""

from __future__ import annotations

REDACTED = "***"


def redact_headers(
    headers: tuple[tuple[str, str], ...], secrets: tuple[str, ...] = ()
) -> tuple[tuple[str, str], ...]:
    """
    Return *headers* with credentials replaced by `***`.

    Credentials are the values of authorization and cookie headers, and every
    occurrence of one of the *secrets*.
    """
    hidden = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
    return tuple(
        (name, REDACTED if name in hidden else redact_text(value, secrets))
        for name, value in headers
    )


def redact_text(text: str, secrets: tuple[str, ...]) -> str:
    """Return *text* with every one of the *secrets* replaced by `***`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    return text
