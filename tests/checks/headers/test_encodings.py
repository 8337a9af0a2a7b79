"""Compression checks: gzip streams with and without flushes."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.headers import encodings
from contract.model.exchange import Arrival
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]
PROBE = encodings.GZIP_OFFERED
PLAIN = rehearse(mock_reply(PROFILE, PROBE), PROBE, PROFILE)


def spread_out(exchange, *, seconds=2.0):
    """Return *exchange* with its arrivals spread evenly over *seconds*."""
    step = seconds / len(exchange.arrivals)
    arrivals = tuple(
        Arrival(number * step, one.data) for number, one in enumerate(exchange.arrivals)
    )
    return replace(exchange, arrivals=arrivals, elapsed=seconds)


def compressed(exchange, *, flush=True):
    """Return *exchange* as a compressing proxy would send it."""
    writer = zlib.compressobj(wbits=encodings.GZIP_WBITS)
    arrivals = []
    for one in exchange.arrivals:
        data = writer.compress(one.data)
        data += writer.flush(zlib.Z_SYNC_FLUSH) if flush else b""
        arrivals.append(Arrival(one.at, data))
    arrivals.append(Arrival(exchange.elapsed, writer.flush()))
    headers = (*exchange.headers, ("content-encoding", "gzip"))
    return replace(exchange, arrivals=tuple(arrivals), headers=headers)


def test_decoding_keeps_bodies_and_arrival_times():
    sent = spread_out(PLAIN)

    decoded = encodings.decoded(compressed(sent))

    assert sent.body == decoded.body
    assert [e.at for e in sent.events] == [e.at for e in decoded.events]


@pytest.mark.parametrize(
    ("exchange", "word"),
    [
        pytest.param(PLAIN, "pass", id="uncompressed"),
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
def test_a_stream_must_match_its_content_encoding(exchange, word):
    assert word == verdict_on(encodings.compressed_stream_is_readable, exchange).word


@pytest.mark.parametrize(
    ("identity", "exchange", "word"),
    [
        pytest.param(2.0, spread_out(PLAIN), "skip", id="uncompressed"),
        pytest.param(2.0, compressed(spread_out(PLAIN)), "pass", id="flushed"),
        pytest.param(
            2.0, compressed(spread_out(PLAIN), flush=False), "fail", id="held-back"
        ),
        pytest.param(
            2.0, compressed(spread_out(PLAIN, seconds=0.4)), "pass", id="less-busy"
        ),
        pytest.param(0.1, compressed(PLAIN), "skip", id="too-fast-to-tell"),
        pytest.param(
            0.1, compressed(spread_out(PLAIN), flush=False), "skip", id="queued"
        ),
    ],
)
def test_an_unflushed_compressor_is_a_finding(identity, exchange, word):
    pair = spread_out(PLAIN, seconds=identity), exchange

    assert word == verdict_on(encodings.compression_does_not_buffer, *pair).word


def test_a_stream_without_text_is_not_compared():
    silent = replace(PLAIN, arrivals=PLAIN.arrivals[-1:])
    pair = spread_out(PLAIN), silent

    assert verdict_on(encodings.compression_does_not_buffer, *pair).word == "skip"


def test_a_decompression_bomb_is_not_decoded_to_its_end():
    bomb = zlib.compress(bytes(2 * encodings.MAX_DECODED), wbits=encodings.GZIP_WBITS)
    exchange = replace(
        PLAIN,
        headers=(("content-encoding", "gzip"),),
        arrivals=(Arrival(0.1, bomb), Arrival(0.2, b"more")),
    )

    assert encodings.MAX_DECODED == len(encodings.decoded(exchange).body)
