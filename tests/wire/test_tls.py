"""Tests of TLS errors with generated certificates: untrusted, trusted, other name."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from functools import partial

import pytest

from contract.catalog.profiles import builtin
from contract.client import recorder
from contract.client.timeouts import Limits
from contract.model.exchange import End
from contract.model.probes import LIST_MODELS
from contract.model.wire import Request

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(
    OPENSSL is None, reason="needs openssl on the PATH to make a certificate"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.fixture(autouse=True, params=["httpx", "stamped"])
def _transport(request, monkeypatch):
    """Every test holds for both transports."""
    one = partial(recorder.Recorder, stamped=request.param == "stamped")
    monkeypatch.setitem(globals(), "Recorder", one)


Recorder = recorder.Recorder


def serve(listener, context):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        # A client that rejects the certificate hangs up during the handshake.
        with client, contextlib.suppress(OSError):
            client.settimeout(5)
            with context.wrap_socket(client, server_side=True) as connection:
                connection.recv(65_536)
                connection.sendall(ANSWER)


@pytest.fixture
def certified(tmp_path):
    """`certified(name)`: a port with a certificate for *name*, and the file of it."""
    with contextlib.ExitStack() as stack:

        def certified(name):
            key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
            subprocess.run(  # noqa: S603  # a command of our own making
                [
                    *(OPENSSL, "req", "-x509", "-nodes", "-days", "2"),
                    *("-newkey", "rsa:2048", "-subj", "/CN=test"),
                    *("-addext", f"subjectAltName={name}"),
                    *("-keyout", str(key), "-out", str(certificate)),
                ],
                check=True,
                capture_output=True,
                timeout=30,
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=serve, args=(listener, context))
            thread.start()
            stack.callback(thread.join, 5)
            # Closing alone does not wake a thread that is blocked in accept.
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            return listener.getsockname()[1], certificate

        yield certified


def record(port):
    profile = builtin()["vllm-0.16"]
    request = Request("GET", "/v1/models")
    with Recorder(f"https://127.0.0.1:{port}", Limits()) as recorder:
        return recorder.record(LIST_MODELS, profile, request)


def test_a_self_signed_certificate_is_reported(certified):
    port, _ = certified("IP:127.0.0.1")
    exchange = record(port)

    assert exchange.end is End.REFUSED
    assert exchange.note.startswith(f"the certificate of 127.0.0.1:{port} is not trust")
    assert "self-signed" in exchange.note or "self signed" in exchange.note


def test_a_certificate_in_ssl_cert_file_is_trusted(certified, monkeypatch):
    port, certificate = certified("IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    exchange = record(port)

    assert (exchange.end, exchange.status, exchange.text) == (End.COMPLETE, 200, "{}")


def test_a_certificate_for_another_host_is_reported_as_such(certified, monkeypatch):
    port, certificate = certified("DNS:elsewhere.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    exchange = record(port)

    assert exchange.end is End.REFUSED
    assert exchange.note.endswith("use the host name it was issued for")
