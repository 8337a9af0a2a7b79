"""
Replies performed on sockets: an ASGI application and a uvicorn around it.

Every frame is written at its own time of one absolute schedule, so a stream is as
long as planned however late single writes were.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from contract.errors import TargetError
from contract.mock_server.provider import MockProvider
from contract.model.exchange import End
from contract.model.reply import Reply
from contract.model.wire import Request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HANGING = 3_600.0  # seconds; nobody waits longer for a reply that never ends
_STARTUP = 10.0  # seconds
_VISIT = 2.0  # seconds an address is tried
_READ = 2**16  # bytes
_IDLE = 120  # seconds a connection is kept; longer than clients keep theirs


def app(provider: MockProvider) -> App:
    """*provider* as an ASGI application."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope["query_string"].decode("latin-1")
        request = Request(
            scope["method"],
            f"{scope['path']}?{query}" if query else scope["path"],
            tuple(
                (k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]
            ),
            body,
        )
        started = asyncio.get_running_loop().time()
        reply = provider.reply(request)
        chats = int(reply.probe is not None)
        provider.running += chats
        try:
            await perform(reply, started, receive, send)
        finally:
            provider.running -= chats

    return application


async def perform(reply: Reply, started: float, receive: Receive, send: Send) -> None:
    """*reply* in time, *started* being its second 0; the end of the client ends it."""
    clock = asyncio.get_running_loop().time
    client = _Client(receive)
    head: MutableMapping[str, Any] = {
        "type": "http.response.start",
        "status": reply.status,
        "headers": [(k.encode("latin-1"), v.encode()) for k, v in reply.headers],
    }
    frames = reply.frames
    for url in reply.visits:
        await _visit(url)
    try:
        if len(frames) < 2 and reply.end is End.COMPLETE and not reply.streamed:  # noqa: PLR2004  # one body at most
            body, due = (frames[0].data, started + frames[0].at) if frames else (b"", 0)
            if due > clock() and await client.leaves_before(due):
                return
            head["headers"].append((b"content-length", b"%d" % len(body)))
            await send(head)
            await send({"type": "http.response.body", "body": body})
            return
        await send(head)
        for frame in frames:
            due = started + frame.at
            if due > clock() and await client.leaves_before(due):
                return
            await send(
                {"type": "http.response.body", "body": frame.data, "more_body": True}
            )
        await _end(reply.end, client, send)
    finally:
        client.forget()


async def _visit(url: str) -> None:
    """Ask for *url*, if it is on loopback, and take what comes."""
    parts = urlsplit(url)
    if parts.hostname != "127.0.0.1" or parts.port is None:
        return
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_VISIT):
            reader, writer = await asyncio.open_connection("127.0.0.1", parts.port)
            writer.write(f"GET {parts.path} HTTP/1.1\r\nhost: canary\r\n\r\n".encode())
            await reader.read(_READ)
            writer.close()


async def _end(end: End, client: _Client, send: Send) -> None:
    if end is End.COMPLETE:
        await send({"type": "http.response.body", "body": b""})
    elif end is End.TIMEOUT:
        await client.leaves_before(asyncio.get_running_loop().time() + _HANGING)
    else:
        await _reset(send)
        await client.leaves_before(asyncio.get_running_loop().time() + 1.0)


class _Client:
    """Notices when the other side goes away; asks only once somebody waits."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone: asyncio.Task[None] | None = None

    async def leaves_before(self, due: float) -> bool:
        """Wait until *due*; whether the client went away first."""
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._leaving())
        clock = asyncio.get_running_loop().time
        # Timers step by a millisecond and may fire early, so look again.
        while (left := due - clock()) > 0:
            await asyncio.wait((self._gone,), timeout=left)
            if self._gone.done():
                return True
        return False

    async def _leaving(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def forget(self) -> None:
        """Stop asking."""
        if self._gone is not None:
            self._gone.cancel()


async def _reset(send: Send) -> None:
    """
    Break the connection with what was sent so far, without ending the body.

    ASGI has no word for it. uvicorn's `send` belongs to an object that knows the
    transport; any other server gets an application that does not finish.
    """
    # Any: uvloop's transport is no asyncio.Transport.
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        return
    for _ in range(1_000):
        await asyncio.sleep(0.001)
        if not transport.get_write_buffer_size():
            break
    peer = transport.get_extra_info("socket")
    if peer is not None:
        # Lingering for 0 seconds turns the close into a reset.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; raises `TargetError` when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where proto says TCP; without it small writes
    # wait 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(2_048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise TargetError(
                f"Port {port} of {host} is in use; stop what listens there, or choose "
                "another port (0 takes a free one)."
            ) from error
        raise TargetError(
            f"Cannot listen on {host} port {port} ({error.strerror or error}); choose "
            "an address of this machine and a port above 1023."
        ) from error
    return listener


def _configured(provider: MockProvider) -> uvicorn.Config:
    return uvicorn.Config(
        app(provider),
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=1,
    )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def serving(
    provider: MockProvider, host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """
    *provider* on a port, in a thread; yields the root URL once it answers.

    Port 0 takes a free one. Leaving stops it, whatever is still being sent.
    """
    listener = listening(host, port)
    server = uvicorn.Server(_configured(provider))
    thread = threading.Thread(
        target=server.run, args=([listener],), name="mock", daemon=True
    )
    try:
        thread.start()
        until = time.monotonic() + _STARTUP
        while not server.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise TargetError(
                    "The embedded server did not start; try again, and report it if "
                    "it happens twice."
                )
            time.sleep(0.001)
        yield _url(listener)
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


class _Announced(uvicorn.Server):
    """Says that it serves when it has taken the signals and answers, not before."""

    announce: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announce()


def serve_forever(
    provider: MockProvider,
    host: str = "127.0.0.1",
    port: int = 8_000,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """
    *provider* on a port until it is interrupted (Ctrl-C, SIGTERM).

    *ready* is told the root URL once the port answers and an interrupt is heeded.
    """
    listener = listening(host, port)
    server = _Announced(_configured(provider))
    server.announce = lambda: ready(_url(listener))
    serving = server.serve([listener])
    try:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(serving)
    except KeyboardInterrupt:
        pass  # uvicorn has stopped and raises the signal once more
    finally:
        serving.close()  # interrupted before its first step, it would be warned about
        listener.close()
