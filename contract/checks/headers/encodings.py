"""Compression checks: gzip streams are valid and arrive incrementally."""

from __future__ import annotations

import zlib
from dataclasses import replace

from contract.checks.judging.rhythm import (
    SHORTEST_JUDGED_SECONDS,
    seconds,
    spread_of,
)
from contract.model.check import Finding, Findings, NotApplicable, check, fault, spell
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import SUM
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply

GZIP_OFFERED = replace(SUM, name="gzip-offered", headers=(("accept-encoding", "gzip"),))
GZIP_WBITS = 16 + zlib.MAX_WBITS  # selects the gzip format of zlib
MAX_DECODED = 2**24  # bytes; a decompression bomb is not read any further
# No difference in load makes the same stream as many times faster.
FASTER = 20
STREAMING = frozenset({Capability.STREAMING})


def decoded(exchange: Exchange) -> Exchange | None:
    """
    Return *exchange* decompressed, with the arrival times unchanged.

    At most `MAX_DECODED` bytes are decoded. Return None if the body does not match
    its Content-Encoding, or if that is neither gzip nor identity.
    """
    encoding = (exchange.header("content-encoding") or "identity").strip().lower()
    if encoding == "identity":
        return exchange
    if encoding not in {"gzip", "x-gzip"}:
        return None
    reader, left = zlib.decompressobj(GZIP_WBITS), MAX_DECODED
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
    "A stream for a client that accepts gzip MUST match its Content-Encoding.",
    source="RFC 9110 §8.4 and §12.5.3",
    sends=GZIP_OFFERED,
    needs=STREAMING,
)
def compressed_stream_is_readable(exchange: Exchange) -> Findings:
    """Sending no compression is valid too, and best for a stream."""
    if not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    plain = decoded(exchange)
    if plain is None or not plain.chunks:
        yield Finding(
            "the stream does not match its Content-Encoding",
            expected="events, compressed with gzip only if it states so",
            actual=f"content-encoding {exchange.header('content-encoding')}, "
            f"first bytes {spell(exchange.body[:12])}",
        )


def _accepts_gzip(reply: Reply) -> bool:
    accepted = reply.request.header("accept-encoding") or ""
    return reply.streamed and "gzip" in accepted


@fault(breaks=compressed_stream_is_readable)
def gzip_in_name_only(reply: Reply) -> Reply:
    """A proxy announces gzip but forwards the stream uncompressed."""
    if not _accepts_gzip(reply):
        return reply
    return reply.with_header("content-encoding", "gzip")


@check(
    "headers.compression-does-not-buffer",
    "A stream SHOULD arrive incrementally even if the client accepts gzip.",
    source="house rule; langchain-ai/langchainjs#9794",
    sends=(SUM, GZIP_OFFERED),
    needs=STREAMING,
)
def compression_does_not_buffer(identity: Exchange, exchange: Exchange) -> Findings:
    """
    A compressor that is not flushed after each event holds all of them back.

    The same stream without compression shows how far its text is spread. The time to
    the first text is not compared: either request may have waited in a queue.
    """
    plain = decoded(exchange)
    if plain is exchange:
        raise NotApplicable("the stream is not compressed")
    if plain is None:
        raise NotApplicable("the stream cannot be decoded")
    if not plain.timing.marks:
        raise NotApplicable("the stream has no text")
    usual, spread = spread_of(identity), spread_of(plain)
    if usual < SHORTEST_JUDGED_SECONDS:
        raise NotApplicable(
            f"without gzip the text is spread over {seconds(usual)}; too short to judge"
        )
    same = len(plain.reasoning + plain.answer) * 2 > len(
        identity.reasoning + identity.answer
    )
    if same and spread < usual / FASTER:
        yield Finding(
            "the compressed text arrived all at once",
            expected=f"text spread over about {seconds(usual)}, as without gzip",
            actual=f"all of it within {seconds(spread)}",
            at=exchange.probe.name,
        )


@fault(breaks=compression_does_not_buffer)
def compressor_never_flushed(reply: Reply) -> Reply:
    """A proxy compresses the stream and never flushes before its end."""
    if not _accepts_gzip(reply) or not reply.frames:
        return reply
    writer = zlib.compressobj(wbits=GZIP_WBITS)
    data = writer.compress(reply.body) + writer.flush()
    at = max(reply.frames[-1].at, 2 * SHORTEST_JUDGED_SECONDS)
    return reply.with_header("content-encoding", "gzip").with_frames((Frame(at, data),))
