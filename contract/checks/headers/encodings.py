"""A client that can decompress must still be told while the answer is made."""

from __future__ import annotations

import zlib
from dataclasses import replace

from contract.checks.judging.chunks import (
    TELLABLE_SECONDS,
    arrived_at_once,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import (
    Arrival,
    Exchange,
)
from contract.model.probes import SUM
from contract.model.profile import Capability
from contract.model.reply import (
    Frame,
    Reply,
)

GZIP_OFFERED = replace(SUM, name="gzip-offered", headers=(("accept-encoding", "gzip"),))
GZIP = 16 + zlib.MAX_WBITS  # zlib's number for its gzip format
MOST = 2**24  # bytes; what a few kilobytes of zeros may grow to is not read on
STREAMING = frozenset({Capability.STREAMING})


def decoded(exchange: Exchange) -> Exchange | None:
    """
    *exchange* as it was before compression, each arrival still at its time.

    None when it is not what its Content-Encoding says.
    """
    encoding = (exchange.header("content-encoding") or "identity").strip().lower()
    if encoding == "identity":
        return exchange
    if encoding not in {"gzip", "x-gzip"}:
        return None
    reader, left = zlib.decompressobj(GZIP), MOST
    arrivals: list[Arrival] = []
    for arrival in exchange.arrivals:
        try:
            data = reader.decompress(arrival.data, left)
        except zlib.error:
            return None
        left -= len(data)
        arrivals.append(Arrival(arrival.at, data))
        if left <= 0:
            break
    headers = tuple(pair for pair in exchange.headers if pair[0] != "content-encoding")
    return replace(exchange, arrivals=tuple(arrivals), headers=headers)


@check(
    "headers.compressed-stream-is-readable",
    "A stream for a client that offers gzip MUST be what its Content-Encoding says.",
    source="RFC 9110 §8.4 and §12.5.3",
    sends=GZIP_OFFERED,
    needs=STREAMING,
)
def compressed_stream_is_readable(exchange: Exchange) -> Findings:
    """No compression is a good answer too, and the best one for a stream."""
    if not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    plain = decoded(exchange)
    if plain is None or not plain.chunks:
        yield Finding(
            "the stream cannot be read as its Content-Encoding says",
            expected="events, after decoding gzip if it says so",
            actual=f"content-encoding {exchange.header('content-encoding')}, "
            f"first bytes {exchange.body[:12]!r}",
        )


def _offered(reply: Reply) -> bool:
    offer = reply.request.header("accept-encoding") or ""
    return reply.streamed and "gzip" in offer


@fault(breaks=compressed_stream_is_readable)
def gzip_in_name_only(reply: Reply) -> Reply:
    """A proxy announces gzip and passes a stream through as it is."""
    return reply.with_header("content-encoding", "gzip") if _offered(reply) else reply


@check(
    "headers.compression-does-not-buffer",
    "A stream SHOULD arrive while it is made, also for a client that offers gzip.",
    source="house rule; langchain-ai/langchainjs#9794",
    sends=GZIP_OFFERED,
    needs=STREAMING,
)
def compression_does_not_buffer(exchange: Exchange) -> Findings:
    """A compressor that is not flushed after each event keeps them to the end."""
    plain = decoded(exchange)
    if plain is None:
        raise NotApplicable("the stream cannot be decoded")
    yield from arrived_at_once(plain)


@fault(breaks=compression_does_not_buffer)
def compressor_never_flushed(reply: Reply) -> Reply:
    """The gzip of a proxy waits until its block is full."""
    if not _offered(reply) or not reply.frames:
        return reply
    writer = zlib.compressobj(wbits=GZIP)
    data = writer.compress(reply.body) + writer.flush()
    at = max(reply.frames[-1].at, 2 * TELLABLE_SECONDS)
    return reply.with_header("content-encoding", "gzip").with_frames((Frame(at, data),))
