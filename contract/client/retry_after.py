"""When a server that limits the rate of requests wants the same request again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from contract.model.exchange import Exchange

_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def is_rate_limited(exchange: Exchange) -> bool:
    """
    Return whether *exchange* asks for the same request at another time.

    A 503 without Retry-After may be permanent: an engine that has died.
    """
    if exchange.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return retry_after(exchange) is not None
    return exchange.status == HTTPStatus.TOO_MANY_REQUESTS


def retry_after(exchange: Exchange) -> float | None:
    """
    Return the seconds that Retry-After names (RFC 9110 10.2.3), if it is valid.

    A date is read by the clock of the server, if its response has a Date.
    """
    value = (exchange.header("retry-after") or "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    due = _moment(value)
    if due is None:
        return None
    now = _moment(exchange.header("date") or "") or datetime.now(UTC)
    return max(0.0, (due - now).total_seconds())


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
