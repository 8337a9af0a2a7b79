"""A gateway in front of a server: transparent, or with one fault of real gateways."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PATIENCE = 20.0
CHAT = "/v1/chat/completions"
Change = Callable[[dict], object]


class Gateway(ThreadingHTTPServer):
    """Forwards every request to *backend*, with the *fault* of that name."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, backend: str, fault: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.backend = urlsplit(backend)
        self.fault = fault
        self.chats = 0
        self.lock = threading.Lock()
        self.random = random.Random(7)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """A client that hangs up is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def log_message(self, *_arguments):
        """The tests read no log."""

    def forward(self) -> None:
        gateway, fault = self.server, self.server.fault
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if fault == "counts" and self.path == "/metrics":
            self.answer(200, "text/plain", gateway_metrics(gateway).encode())
            return
        if self.path == CHAT:
            with gateway.lock:
                gateway.chats += 1
            body = changed_request(body) if fault == "strips-images" else body
            if fault == "retries":
                self.ask(body)[1].read()
        if fault == "delays":
            time.sleep(gateway.random.random() / 50)
        connection, response = self.ask(body)
        with connection:
            self.relay(response)

    do_GET = do_POST = do_OPTIONS = do_PUT = forward  # noqa: N815  # as http.server names them

    def ask(self, body: bytes):
        backend = self.server.backend
        connection = http.client.HTTPConnection(
            backend.hostname, backend.port, timeout=PATIENCE
        )
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in {"host", "connection", "content-length"}
        }
        if body or self.headers.get("content-length"):
            headers["Content-Length"] = str(len(body))
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        return _Closing(connection), response

    def relay(self, response) -> None:
        fault, kind = self.server.fault, response.getheader("content-type") or ""
        if "event-stream" not in kind or response.status != 200:
            body = response.read()
            status = response.status
            if self.path == CHAT and status == 200:
                body = changed_body(body, fault)
            elif self.path == CHAT and fault == "errors-as-200":
                status = 200
            self.answer(status, kind, body, response)
            return
        self.head(200, kind, response, chunked=True)
        if fault == "holds-back":
            self.chunk(response.read())
        else:
            for event in events(response):
                for part in self.divided(changed_event(event, fault)):
                    self.chunk(part)
        self.chunk(b"")

    def divided(self, event: bytes) -> Iterator[bytes]:
        """The bytes as they come, or in other portions."""
        if self.server.fault != "delays" or len(event) < 3:
            yield event
            return
        time.sleep(self.server.random.random() / 500)
        cut = self.server.random.randrange(1, len(event))
        yield event[:cut]
        yield event[cut:]

    def answer(self, status, kind, body, response=None) -> None:
        self.head(status, kind, response, length=len(body))
        self.wfile.write(body)

    def head(self, status, kind, response, *, length=0, chunked=False) -> None:
        self.send_response_only(status)
        for name, value in response.getheaders() if response else ():
            if name.lower() not in {
                "content-length",
                "transfer-encoding",
                "connection",
                "content-type",
            }:
                self.send_header(name, value)
        if kind:
            self.send_header("content-type", kind)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(length))
        self.send_header("connection", "close")
        self.close_connection = True
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class _Closing:
    def __init__(self, connection) -> None:
        self.connection = connection

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.connection.close()


def events(response) -> Iterator[bytes]:
    """Each event of a stream, as it comes."""
    event = b""
    while line := response.readline():
        event += line
        if line == b"\n":
            yield event
            event = b""
    if event:
        yield event


def gateway_metrics(gateway: Gateway) -> str:
    labels = f'handler="{CHAT}",method="POST",status="2xx"'
    return f"http_requests_total{{{labels}}} {float(gateway.chats)}\n"


def changed_request(body: bytes) -> bytes:
    """The chat without its images."""
    try:
        chat = json.loads(body)
    except ValueError:
        return body
    for message in chat.get("messages") or () if isinstance(chat, dict) else ():
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            message["content"] = [
                part
                for part in content
                if not isinstance(part, dict) or part.get("type") != "image_url"
            ]
    return json.dumps(chat).encode()


def changed_event(event: bytes, fault: str) -> bytes:
    if not event.startswith(b"data: {") or fault not in CHANGES:
        return event
    value = json.loads(event[len(b"data: ") :])
    CHANGES[fault](value)
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def changed_body(body: bytes, fault: str) -> bytes:
    if fault not in CHANGES:
        return body
    value = json.loads(body)
    CHANGES[fault](value)
    return json.dumps(value).encode()


def parts(value: dict) -> Iterator[dict]:
    for choice in value.get("choices") or ():
        for name in ("message", "delta"):
            if isinstance(choice.get(name), dict):
                yield choice[name]


def drop_reasoning(value: dict) -> None:
    for part in parts(value):
        part.pop("reasoning", None)


def rename_reasoning(value: dict) -> None:
    for part in parts(value):
        if "reasoning" in part:
            part["reasoning_content"] = part.pop("reasoning")


def bill_more(value: dict) -> None:
    if value.get("usage"):
        value["usage"]["completion_tokens"] += 5
        value["usage"]["total_tokens"] += 5


def truncate(value: dict) -> None:
    for part in parts(value):
        if isinstance(part.get("content"), str):
            part["content"] = part["content"][:1]


CHANGES: dict[str, Change] = {
    "drops-reasoning": drop_reasoning,
    "renames-reasoning": rename_reasoning,
    "bills-more": bill_more,
    "truncates": truncate,
}


@contextmanager
def gateway(backend: str, fault: str = "") -> Iterator[Gateway]:
    """A gateway in front of the root URL *backend*, until the context is left."""
    server = Gateway(backend, fault)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
