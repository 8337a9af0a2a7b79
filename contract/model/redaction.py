"""Removes credentials and known secrets from headers and text."""

from __future__ import annotations

REDACTED = "***"


def redact_headers(
    headers: tuple[tuple[str, str], ...], secrets: tuple[str, ...] = ()
) -> tuple[tuple[str, str], ...]:
    """*headers* without what opens doors: authorization, cookies and known secrets."""
    hidden = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
    return tuple(
        (name, REDACTED if name in hidden else redact_text(value, secrets))
        for name, value in headers
    )


def redact_text(text: str, secrets: tuple[str, ...]) -> str:
    """*text* with every secret blanked."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    return text
