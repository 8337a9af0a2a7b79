"""A compressed stream is read as it was made, event by event."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.headers import encodings
from contract.model.exchange import Arrival
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]
PROBE = encodings.GZIP_OFFERED
PLAIN = rehearse(told(PROFILE, PROBE), PROBE, PROFILE)


def spread(exchange, *, seconds=2.0):
    """*exchange* with its arrivals evenly over some seconds."""
    step = seconds / len(exchange.arrivals)
    arrivals = tuple(
        Arrival(number * step, one.data) for number, one in enumerate(exchange.arrivals)
    )
    return replace(exchange, arrivals=arrivals, elapsed=seconds)


def compressed(exchange, *, flush=True):
    """*exchange* as a proxy with gzip would send it."""
    writer = zlib.compressobj(wbits=encodings.GZIP)
    arrivals = []
    for one in exchange.arrivals:
        data = writer.compress(one.data)
        data += writer.flush(zlib.Z_SYNC_FLUSH) if flush else b""
        arrivals.append(Arrival(one.at, data))
    arrivals.append(Arrival(exchange.elapsed, writer.flush()))
    headers = (*exchange.headers, ("content-encoding", "gzip"))
    return replace(exchange, arrivals=tuple(arrivals), headers=headers)


def test_what_was_compressed_is_read_back_in_time():
    sent = spread(PLAIN)

    read = encodings.decoded(compressed(sent))

    assert sent.body == read.body
    assert [e.at for e in sent.events] == [e.at for e in read.events]


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        pytest.param(PLAIN, "pass", id="not-compressed"),
        pytest.param(compressed(PLAIN), "pass", id="compressed"),
        pytest.param(
            replace(PLAIN, headers=(*PLAIN.headers, ("content-encoding", "gzip"))),
            "fail",
            id="in-name-only",
        ),
        pytest.param(
            replace(PLAIN, headers=(*PLAIN.headers, ("content-encoding", "br"))),
            "fail",
            id="not-offered",
        ),
    ],
)
def test_a_stream_is_what_its_encoding_says(seen, word):
    assert word == judged(encodings.compressed_stream_is_readable, seen).word


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        pytest.param(spread(PLAIN), "pass", id="not-compressed"),
        pytest.param(compressed(spread(PLAIN)), "pass", id="flushed"),
        pytest.param(compressed(spread(PLAIN), flush=False), "fail", id="held-back"),
        pytest.param(compressed(PLAIN), "skip", id="too-fast-to-tell"),
    ],
)
def test_a_compressor_that_holds_back_is_found(seen, word):
    assert word == judged(encodings.compression_does_not_buffer, seen).word


def test_what_decompresses_to_a_flood_is_not_read_to_its_end():
    flood = zlib.compress(bytes(2 * encodings.MOST), wbits=encodings.GZIP)
    seen = replace(
        PLAIN,
        headers=(("content-encoding", "gzip"),),
        arrivals=(Arrival(0.1, flood), Arrival(0.2, b"more")),
    )

    assert encodings.MOST == len(encodings.decoded(seen).body)
