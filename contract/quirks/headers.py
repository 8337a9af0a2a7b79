"""Quirks of the response head; RFC 9110 allows every one of them."""

from __future__ import annotations

from contract.model.check import quirk
from contract.model.reply import Reply


def _media_type(reply: Reply) -> str:
    return next((value for name, value in reply.headers if name == "content-type"), "")


@quirk
def unknown_headers(reply: Reply) -> Reply:
    """Proxies add headers; clients ignore unknown headers (RFC 9110 5.1)."""
    return (
        reply.with_header("x-served-by", "edge-7")
        .with_header("server-timing", "queue;dur=2.4")
        .with_header("alt-svc", 'h3=":443"; ma=86400')
    )


@quirk
def not_to_be_buffered(reply: Reply) -> Reply:
    """Servers ask proxies not to cache or buffer a stream."""
    return reply.with_header("cache-control", "no-cache").with_header(
        "x-accel-buffering", "no"
    )


@quirk
def charset_named(reply: Reply) -> Reply:
    """A charset parameter of UTF-8 changes nothing (RFC 8259 11, HTML 9.2)."""
    if not (value := _media_type(reply)):
        return reply
    media_type = value.partition(";")[0]
    return reply.with_header("content-type", media_type + "; charset=utf-8")


@quirk
def media_type_in_capitals(reply: Reply) -> Reply:
    """Media types and charsets are case-insensitive (RFC 9110 8.3.1)."""
    if not (value := _media_type(reply)):
        return reply
    return reply.with_header("content-type", value.title().replace("Utf", "UTF"))


@quirk
def media_type_without_parameters(reply: Reply) -> Reply:
    """The charset is optional; llama.cpp sends a bare text/event-stream."""
    if not (value := _media_type(reply)):
        return reply
    return reply.with_header("content-type", value.partition(";")[0])
