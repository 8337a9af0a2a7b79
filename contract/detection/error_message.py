"""The message of an error body, on one line."""

from __future__ import annotations

from contract.model.exchange import Exchange

BUSY = frozenset({429, 502, 503, 504})


QUOTED = 200


def error_message(exchange: Exchange) -> str:
    """What the provider says in an error body, in one short line."""
    body = exchange.json
    if isinstance(body, dict) and isinstance(body.get("error"), dict | str):
        body = body["error"]
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    text = body if isinstance(body, str) else exchange.text
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"
