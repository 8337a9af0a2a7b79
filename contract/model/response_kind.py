"""The kind of a response: answered, rejected, or why there is nothing to judge."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from contract.model.chat import Json
from contract.model.exchange import End, Exchange

# What compressed data begins with. Brotli and deflate have no such mark.
_MAGIC = {b"\x1f\x8b\x08": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
MAX_QUOTED = 200  # characters of the server's own words


class ResponseKind(StrEnum):
    """What a request got, as far as this can be said without reading the answer."""

    ANSWERED = "answered"
    REJECTED = "rejected"  # a 4xx status
    FAILED = "failed"  # a 5xx status
    RATE_LIMITED = "rate limited"  # 429, or 503 that states when to retry
    REDIRECTED = "redirected"  # a 3xx status
    ERROR_IN_ANSWER = "an error with status 200"  # in a stream or as the whole body
    EMPTY = "empty"  # status 200 without a byte, or a stream without an event
    CUT_OFF = "cut off"  # the connection, or the JSON of a whole answer, ended early
    UNREADABLE = "not JSON"  # a whole answer that is something else
    # Events without their media type, JSON with it, or compressed and not declared so.
    MISLABELLED = "labelled wrongly"
    TIMED_OUT = "timed out"  # a time limit of the client was reached
    LEFT = "left"  # the client closed the connection, as the probe asks
    NO_RESPONSE = "no response"  # no connection, or nothing that is HTTP


# Kinds of responses with status 200 that hold no complete answer.
NOT_AN_ANSWER = frozenset(
    {
        ResponseKind.ERROR_IN_ANSWER,
        ResponseKind.EMPTY,
        ResponseKind.CUT_OFF,
        ResponseKind.UNREADABLE,
        ResponseKind.MISLABELLED,
    }
)


_WITHOUT_STATUS = {
    End.TIMEOUT: ResponseKind.TIMED_OUT,
    End.LEFT: ResponseKind.LEFT,
}


def kind_of(exchange: Exchange) -> ResponseKind:
    """Return the kind of the response of *exchange*; total on any bytes."""
    return exchange.derived("response kind", _kind)


def _kind(exchange: Exchange) -> ResponseKind:
    status = exchange.status
    if status is None:
        return _WITHOUT_STATUS.get(exchange.end, ResponseKind.NO_RESPONSE)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and exchange.header("retry-after")
    ):
        return ResponseKind.RATE_LIMITED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ResponseKind.FAILED
    if status >= HTTPStatus.BAD_REQUEST:
        return ResponseKind.REJECTED
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return ResponseKind.REDIRECTED
    return _kind_of_success(exchange)


_ENDS = {
    End.TIMEOUT: ResponseKind.TIMED_OUT,
    End.RESET: ResponseKind.CUT_OFF,
    End.REFUSED: ResponseKind.CUT_OFF,
    End.TOO_LARGE: ResponseKind.CUT_OFF,
}


def _kind_of_success(exchange: Exchange) -> ResponseKind:
    if exchange.end is End.LEFT:
        return ResponseKind.LEFT
    if not is_chat(exchange):
        return _ENDS.get(exchange.end, ResponseKind.ANSWERED)
    if error_in(exchange) is not None:
        return ResponseKind.ERROR_IN_ANSWER
    return _ENDS.get(exchange.end) or _kind_of_body(exchange)


def _kind_of_body(exchange: Exchange) -> ResponseKind:
    """Return the kind of a complete body with status 200."""
    if exchange.streamed and exchange.event_count and not undeclared_coding(exchange):
        return ResponseKind.ANSWERED  # without a copy of a long stream
    body = exchange.body.strip()
    # What is in a compressed body cannot be seen.
    if not body or exchange.header("content-encoding") not in {None, "identity"}:
        return ResponseKind.ANSWERED if body else ResponseKind.EMPTY
    if _is_mislabelled(exchange, body):
        return ResponseKind.MISLABELLED
    if exchange.streamed:
        return ResponseKind.ANSWERED if exchange.event_count else ResponseKind.EMPTY
    if exchange.is_json or exchange.probe.stream:
        return ResponseKind.ANSWERED
    ends_early = body.startswith(b"{") and not body.endswith(b"}")
    return ResponseKind.CUT_OFF if ends_early else ResponseKind.UNREADABLE


def undeclared_coding(exchange: Exchange) -> str:
    """
    Return the coding of a body that is compressed and not declared so, or "".

    Usage: `undeclared_coding(exchange) == "gzip"`.
    """
    if exchange.header("content-encoding") not in {None, "", "identity"}:
        return ""
    start = exchange.beginning
    return next((name for mark, name in _MAGIC.items() if start.startswith(mark)), "")


def _is_mislabelled(exchange: Exchange, body: bytes) -> bool:
    """Return whether the media type or the coding of a body is declared wrongly."""
    if undeclared_coding(exchange):
        return True
    if exchange.probe.stream:
        return not exchange.streamed and body.startswith((b"data:", b"event:", b": "))
    return exchange.streamed and exchange.is_json


def is_chat(exchange: Exchange) -> bool:
    """Return whether *exchange* is a chat request: a POST to the chat route."""
    request = exchange.request
    path = exchange.profile.dialect.path
    return request.method == "POST" and request.path.partition("?")[0] == path


def is_error(value: Json) -> bool:
    """
    Return whether the JSON of an event or body is an error instead of an answer.

    A chunk with an `error` member and no choices is one too: some gateways send
    `"choices": []` beside it.
    """
    if not isinstance(value, dict) or value.get("choices"):
        return False
    return bool(value.get("error")) or value.get("object") == "error"


def error_in(exchange: Exchange) -> str | None:
    """
    Return the words of the error in a response with a status below 300, or None.

    It may be an event of a stream, an event of the type `error`, a body that is an
    error object, or a finish reason `error`.
    """
    for chunk in exchange.folded:
        if is_error(chunk.json):
            return words_of(chunk.json)
    # Only an event that is no chunk is worth asking for its type.
    for event in exchange.events if exchange.strays else ():
        if event.event == "error":
            return _line(event.data)
    if exchange.streamed and not exchange.event_count and is_error(exchange.json):
        return words_of(exchange.json)
    for reasons in exchange.finishes.values():
        if "error" in reasons:
            return 'finish_reason "error"'
    return None


def words_of(value: Json) -> str:
    """Return code and message of an error object on one line, as a report quotes it."""
    body = value.get("error", value) if isinstance(value, dict) else value
    if not isinstance(body, dict):
        return _line(body if isinstance(body, str) else repr(body))
    code = body.get("code") or body.get("status") or body.get("type")
    message = body.get("message") or body.get("detail")
    if not isinstance(message, str):
        return _line(repr(body))
    return _line(f"{code}, {message}" if isinstance(code, str | int) else message)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_QUOTED else line[: MAX_QUOTED - 1] + "…"
