"""Content codings of responses (RFC 9110, 8.4), undone so that they can be judged."""

from __future__ import annotations

import zlib
from dataclasses import replace

from contract.model.exchange import Arrival, Exchange

MOST = 64 * 2**20  # bytes of a body without its coding
_IDENTITY = {"", "identity"}
# Bits of the window, and the format, as zlib knows them.
_FORMATS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS}
_FORMATS["deflate"] = zlib.MAX_WBITS


def coding_of(exchange: Exchange) -> str:
    """Return the Content-Encoding of the response in lower case; "" for none."""
    coding = (exchange.header("content-encoding") or "").strip().lower()
    return "" if coding in _IDENTITY else coding


def is_readable(exchange: Exchange) -> bool:
    """Return whether `decoded` can undo the coding of the response."""
    return coding_of(exchange) in {"", *_FORMATS}


def decoded(exchange: Exchange) -> Exchange:
    """
    Return *exchange* as if the server had not compressed the response.

    A portion has the time of the compressed one that it came out of. What is not
    compressed, in another coding or damaged is returned as it is.
    """
    bits = _FORMATS.get(coding_of(exchange))
    if bits is None:
        return exchange
    decoder = zlib.decompressobj(bits)
    arrivals: list[Arrival] = []
    size = 0
    try:
        for arrival in exchange.arrivals:
            data = decoder.decompress(arrival.data, MOST + 1 - size)
            size += len(data)
            if decoder.unconsumed_tail:
                return exchange
            if data:
                arrivals.append(Arrival(arrival.at, data))
    except zlib.error:
        return exchange
    if exchange.end.whole and not decoder.eof and exchange.size:
        return exchange
    dropped = {"content-encoding", "content-length"}
    return replace(
        exchange,
        headers=tuple(pair for pair in exchange.headers if pair[0] not in dropped),
        arrivals=tuple(arrivals),
    )
