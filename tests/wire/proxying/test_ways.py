"""
The way to the upstream: TLS, HTTP proxies in between, and what is large or slow.

A tunnel through a proxy is opened by `proxying.tunnel`.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time

import openai
import pytest
from mistralai.client import Mistral
from support.relaying import received, relaying

import contract
from contract.client.route import Proxy, Route
from contract.model.exchange import End

OPENSSL = shutil.which("openssl")
CLOSING = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class By(Route):
    """A route through a proxy on this machine, which `Route` leaves out otherwise."""

    def proxy_for(self, _url):
        return Proxy(self.proxy)


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A port of 127.0.0.1 that answers with TLS, by a certificate that is trusted."""
    if OPENSSL is None:
        pytest.skip("needs openssl on the PATH to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(  # noqa: S603  # a command of our own making
        [
            *(OPENSSL, "req", "-x509", "-nodes", "-days", "2", "-newkey", "rsa:2048"),
            *("-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    client.settimeout(5)
                    with context.wrap_socket(client, server_side=True) as connection:
                        connection.recv(65_536)
                        connection.sendall(ANSWER)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def tunnelling(connection):
    """An HTTP proxy: a tunnel for CONNECT, to where it asks."""
    host, _, port = connection.line.split()[1].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as other:
        connection.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(
            target=pump, args=(connection.socket, other), daemon=True
        ).start()
        pump(other, connection.socket)


def pump(one, other):
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)


def test_an_upstream_with_tls(certified):
    with relaying(f"https://127.0.0.1:{certified}") as relay:
        back = relay.send(CLOSING)

    assert back == ANSWER


def test_a_certificate_that_is_not_trusted_is_a_502(certified, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with relaying(f"https://127.0.0.1:{certified}") as relay:
        back = relay.send(CLOSING)
        (passed,) = relay.wait()

    assert back.startswith(b"HTTP/1.1 502 ")
    assert b"SSL_CERT_FILE" in back
    assert passed.end is End.REFUSED


def test_an_upstream_with_tls_behind_a_proxy(served, certified):
    proxy = served(tunnelling)
    route = By(proxy=f"http://me:se%20cret@127.0.0.1:{proxy.port}")
    with relaying(f"https://127.0.0.1:{certified}", route=route) as relay:
        back = relay.send(CLOSING)

    assert back == ANSWER
    assert b"Proxy-Authorization: Basic bWU6c2UgY3JldA==" in proxy.requests[0]


def test_an_upstream_without_tls_behind_a_proxy(served):
    proxy = served(lambda c: c.write(ANSWER))
    route = By(proxy=f"http://me:secret@127.0.0.1:{proxy.port}")
    with relaying("http://llm.test:8000/gate", route=route) as relay:
        back = relay.send(CLOSING)

    assert back == ANSWER
    lines = proxy.requests[0].split(b"\r\n")
    assert lines[0] == b"GET http://llm.test:8000/gate/v1/models HTTP/1.1"
    assert b"Host: llm.test:8000" in lines
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in lines


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Give a password\r\n\r\n", b""])
def test_a_proxy_that_refuses_is_a_502(served, answer):
    proxy = served(lambda c: c.write(answer) if answer else None)
    route = By(proxy=f"http://127.0.0.1:{proxy.port}")
    with relaying("https://llm.test", route=route) as relay:
        back = relay.send(CLOSING)

    assert back.startswith(b"HTTP/1.1 502 ")
    assert b"proxy" in back


def test_a_large_request_and_a_large_response_pass(served):
    body = bytes(range(256)) * 20_000

    def echo(connection):
        sent = connection.request.partition(b"\r\n\r\n")[2]
        connection.answer(body=sent, headers=(("Connection", "close"),))

    with relaying(served(echo).url) as relay:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        with relay.connect() as client:
            raw = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
            thread = threading.Thread(target=client.sendall, args=(raw,))
            thread.start()
            back = received(client)
            thread.join(10)
        (passed,) = relay.wait()

    assert back.endswith(body)
    assert (passed.body, passed.response) == (body, body)


def test_a_client_that_does_not_read_stops_the_server(served):
    """Otherwise the relay would hold in memory whatever the server can send."""
    sent = []

    def flood(connection):
        connection.stream()
        with contextlib.suppress(OSError):
            connection.socket.settimeout(0.3)
            for _ in range(1_000):
                connection.chunk(bytes(65_536))
                sent.append(65_536)

    with relaying(served(flood).url) as relay, relay.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        client.sendall(CLOSING)
        deadline = time.monotonic() + 5
        before = -1
        while before != len(sent) and time.monotonic() < deadline:
            before = len(sent)
            time.sleep(0.4)

    assert sum(sent) < 30 * 2**20


def test_the_official_clients_read_the_same_through_the_relay():
    chat = {
        "model": "magistral-small-2509",
        "messages": [{"role": "user", "content": "What is 6 times 7?"}],
    }

    def read(url):
        with Mistral(api_key="sk-0123456789", server_url=url) as client:
            chunks = [event.data for event in client.chat.stream(**chat)]
            whole = client.chat.complete(**chat)
        with openai.OpenAI(base_url=f"{url}/v1", api_key="sk-0123456789") as client:
            others = [*client.chat.completions.create(**chat, stream=True)]
        return (
            [chunk.choices[0].delta.content for chunk in chunks],
            whole.choices[0].message.content,
            [chunk.choices[0].delta.content for chunk in others],
        )

    with contract.mock("mistral") as url, relaying(url, profile="mistral") as relay:
        direct, relayed = read(url), read(relay.url)
        passed = relay.wait(3)

    assert direct == relayed
    assert [one.status for one in passed] == [200] * 3
