"""Bounds on request heads and bodies, over sockets."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from contract.mock_server import app, protocol
from contract.mock_server.app import serving
from contract.targets.mock import build

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"


@pytest.fixture
def connect():
    with serving(build("vllm")) as url:

        def connected():
            port = urlsplit(url).port
            return socket.create_connection(("127.0.0.1", port), timeout=10)

        yield connected


def received(peer):
    data = b""
    while part := peer.recv(65_536):
        data += part
    return data


@pytest.mark.parametrize("sent", [b"", b"GET /health HT", HEAD + b"x: y\r\n"])
def test_a_slow_head_is_closed(connect, monkeypatch, sent):
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.05)
    with connect() as peer:
        peer.sendall(sent)

        assert received(peer).startswith(b"HTTP/1.1 408 ")


def test_the_clock_of_a_head_stops_with_it(connect, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.05)
    monkeypatch.setattr(app, "_MAX_PAUSE", 0.3)
    with connect() as peer:
        peer.sendall(HEAD + b"content-length: 5\r\n\r\n")

        # The head was in time; the body is not, and that has its own bound.
        assert b"The request body came too slowly" in received(peer)


def test_a_large_head_is_refused(connect, monkeypatch):
    monkeypatch.setattr(protocol, "MAX_HEAD", 1_000)
    with connect() as peer:
        peer.sendall(HEAD + b"x: " + b"y" * 1_000)

        assert received(peer).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "body",
    [
        b"content-length: 99999999999999\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n1000\r\n" + b"x" * 4096 + b"\r\n",
    ],
)
def test_a_large_body_gets_the_dialects_413(connect, monkeypatch, body):
    monkeypatch.setattr(app, "MAX_BODY", 2_048)
    with connect() as peer:
        peer.sendall(HEAD + body)
        answer = received(peer)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"error":{"message":"The request body is larger than' in answer
    assert b'"code":413' in answer
