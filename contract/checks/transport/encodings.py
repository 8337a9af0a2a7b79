"""Checks that the headers about a body are true of it."""

from __future__ import annotations

import gzip
import zlib
from http import HTTPStatus

from contract.model.check import Finding, Findings, NotApplicable, Scope, check, fault
from contract.model.exchange import End, Exchange
from contract.model.probes import SUM_WHOLE
from contract.model.reply import Frame, Reply
from contract.model.response_kind import undeclared_coding

# By content coding: the window bits with which zlib reads it.
_WINDOW_BITS = {
    "gzip": 16 + zlib.MAX_WBITS,
    "x-gzip": 16 + zlib.MAX_WBITS,
    "deflate": zlib.MAX_WBITS,
}
MOST = 2**20  # bytes to decode; the beginning shows whether the coding is true


@check(
    "transport.encoding-is-true",
    "A body MUST have the encoding that its Content-Encoding states.",
    source="RFC 9110 §8.4",
    sends=SUM_WHOLE,
    every=Scope.RESPONSES,
)
def encoding_is_true(exchange: Exchange) -> Findings:
    """Clients decode by the header, so they fail on a body that is not encoded."""
    coding = (exchange.header("content-encoding") or "").strip().lower()
    if found := undeclared_coding(exchange):
        yield Finding(
            f"the body is compressed with {found} and not declared so",
            expected=f"Content-Encoding: {found}, or a body that is not compressed",
            actual=f"bytes that begin with {exchange.body[:8].hex(' ')}",
            at="content-encoding",
        )
        return
    if coding in {"", "identity"}:
        raise NotApplicable("the response states no encoding")
    if not exchange.body or exchange.end is not End.COMPLETE:
        raise NotApplicable("the response has no whole body")
    if exchange.is_json or exchange.body.startswith(b"data:"):
        plain = True
    elif coding not in _WINDOW_BITS:
        raise NotApplicable("only gzip and deflate can be decoded")
    else:
        plain = not _is_encoded(exchange.body, _WINDOW_BITS[coding])
    if plain:
        yield Finding(
            "the body is not encoded as its header states",
            expected=f"a body encoded with {coding}",
            actual=f"bytes that begin with {exchange.body[:16].hex(' ')}",
            at="content-encoding",
        )


def _is_encoded(body: bytes, window_bits: int) -> bool:
    try:
        zlib.decompressobj(window_bits).decompress(body, MOST)
    except zlib.error:
        return False
    return True


@fault(breaks=encoding_is_true)
def plain_called_gzip(reply: Reply) -> Reply:
    """A gateway decodes bodies and forwards the header that says they are encoded."""
    if reply.streamed or not reply.frames or not reply.body:
        return reply
    return reply.with_header("content-encoding", "gzip")


@fault(breaks=encoding_is_true, also=("latency.samples-are-answered",))
def gzip_not_declared(reply: Reply) -> Reply:
    """A cache drops the header Content-Encoding of what it stored compressed."""
    if reply.status != HTTPStatus.OK or reply.probe is None or not reply.body:
        return reply
    last = reply.frames[-1].at
    body = gzip.compress(reply.body, mtime=0)
    return reply.with_frames((Frame(last, body),))
