"""Chunks and bodies are validated once for each schema."""

from __future__ import annotations

import json
from dataclasses import replace

from contract.checks.judging.schema import rejected
from contract.model.exchange import Arrival
from contract.schema import openapi


def test_chunks_that_violate_the_schema_are_found(stream, good):
    wrong = {**good[2], "created": "today"}
    seen = stream((*good[:2], wrong, "ping", *good[3:]))

    assert [(2, wrong)] == [(c.event, c.json) for c in rejected(seen, "ChatEvent")]
    assert () == rejected(stream(good), "ChatEvent")


def test_a_chunk_is_validated_once_for_each_schema(stream, good, monkeypatch):
    seen = []

    def acceptor(name):
        return lambda value: seen.append((name, json.dumps(value))) is None

    monkeypatch.setattr(openapi, "acceptor", acceptor)
    exchange = stream(good[:4])
    for _ in range(2):
        assert () == rejected(exchange, "ChatEvent")
        assert () == rejected(exchange, "Error")
    chunks = [json.dumps(value) for value in good[:4]]

    # What goes on with a chunk before it is as valid as that one.
    assert {chunks[0], chunks[-1]} < {chunk for _, chunk in seen} < set(chunks)
    assert {"Vllm016ChatEvent", "Vllm016Error"} == {name for name, _ in seen}
    assert len(seen) == len(set(seen))


def test_a_body_is_chunk_0(stream):
    whole = stream((), media_type="application/json")
    for body in (b"{}", b"[", b""):
        (chunk,) = rejected(
            replace(whole, arrivals=(Arrival(0.1, body),)), "ChatResponse"
        )
        assert 0 == chunk.event
