"""Quotation of an error body on one line."""

from __future__ import annotations

from http import HTTPStatus

from contract.model.exchange import Exchange

# Statuses of a server that cannot answer at the moment.
BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
MAX_LENGTH = 200  # characters


def error_message(exchange: Exchange) -> str:
    """Return the message of an error body, shortened to one line."""
    body = exchange.json
    if isinstance(body, dict) and isinstance(body.get("error"), dict | str):
        body = body["error"]
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    text = body if isinstance(body, str) else exchange.text
    line = " ".join(text.split())
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + "…"
