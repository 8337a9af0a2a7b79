"""
ASGI application of the mock, and the uvicorn server that runs it.

Every frame is written at its own time of one absolute schedule, so delays of single
writes do not add up over a stream.
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

_MAX_HANG = 3_600.0  # seconds; longer than any client waits for a reply to end
_STARTUP = 10.0  # seconds
_VISIT_TIMEOUT = 2.0  # seconds
_VISIT_SIZE = 2**16  # bytes read of the response to a visit
_KEEP_ALIVE = 120  # seconds; longer than clients keep idle connections
_RESET_LINGER = 1.0  # seconds until the client notices a reset


def app(provider: MockProvider) -> App:
    """Return *provider* as an ASGI application."""

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
    """
    Send *reply* on schedule, until it ends or the client disconnects.

    Args:
        reply: What to send, and how it ends.
        started: Time 0 of the schedule, on the clock of the event loop.
        receive: ASGI callable of the request.
        send: ASGI callable of the response.
    """
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
        whole = reply.end is End.COMPLETE and not reply.streamed and not frames[1:]
        if whole:
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
        client.stop()


async def _visit(url: str) -> None:
    """Send a GET request to *url* if it is on loopback; ignore the response."""
    parts = urlsplit(url)
    if parts.hostname != "127.0.0.1" or parts.port is None:
        return
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_VISIT_TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", parts.port)
            writer.write(f"GET {parts.path} HTTP/1.1\r\nhost: canary\r\n\r\n".encode())
            await reader.read(_VISIT_SIZE)
            writer.close()


async def _end(end: End, client: _Client, send: Send) -> None:
    if end is End.COMPLETE:
        await send({"type": "http.response.body", "body": b""})
    elif end in {End.TIMEOUT, End.OPEN}:
        await client.leaves_before(asyncio.get_running_loop().time() + _MAX_HANG)
    else:
        await _reset(send)
        await client.leaves_before(asyncio.get_running_loop().time() + _RESET_LINGER)


class _Client:
    """Detects that the client disconnects; listens only once that is awaited."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._disconnected: asyncio.Task[None] | None = None

    async def leaves_before(self, due: float) -> bool:
        """Wait until *due*; return whether the client disconnected first."""
        if self._disconnected is None:
            self._disconnected = asyncio.ensure_future(self._await_disconnect())
        clock = asyncio.get_running_loop().time
        # Timers have a resolution of a millisecond and may fire early, so check again.
        while (left := due - clock()) > 0:
            await asyncio.wait((self._disconnected,), timeout=left)
            if self._disconnected.done():
                return True
        return False

    async def _await_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def stop(self) -> None:
        """Stop listening for the disconnect."""
        if self._disconnected is not None:
            self._disconnected.cancel()


async def _reset(send: Send) -> None:
    """
    Reset the connection after the bytes sent so far, without ending the body.

    ASGI has no message for that. uvicorn's `send` is a method of an object that has
    the transport; with any other server the application merely does not finish.
    """
    # Any: uvloop's transport is not an asyncio.Transport.
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
    """Return a listening socket; raises `TargetError` if the address is not usable."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if proto is IPPROTO_TCP; without it small writes
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
                f"Port {port} of {host} is in use; stop the program that uses it, or "
                "choose another port (0 takes a free one)."
            ) from error
        raise TargetError(
            f"Cannot listen on {host} port {port} ({error.strerror or error}); choose "
            "an address of this machine and a port above 1023."
        ) from error
    return listener


def _config(provider: MockProvider) -> uvicorn.Config:
    return uvicorn.Config(
        app(provider),
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
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
    Run *provider* on a port, in a thread; yield the root URL once it is ready.

    Port 0 takes a free one. Leaving the context stops the server at once, even while
    replies are being sent. Raises `TargetError` if the address is not usable.
    """
    listener = listening(host, port)
    server = uvicorn.Server(_config(provider))
    thread = threading.Thread(
        target=server.run, args=([listener],), name="mock", daemon=True
    )
    try:
        thread.start()
        deadline = time.monotonic() + _STARTUP
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise TargetError(
                    "The mock did not start; try again, and report the problem if it "
                    "persists."
                )
            time.sleep(0.001)
        yield _url(listener)
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


class _NotifyingServer(uvicorn.Server):
    """Calls `on_ready` once signal handlers are installed and the port is served."""

    on_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()


def serve_forever(
    provider: MockProvider,
    host: str = "127.0.0.1",
    port: int = 8_000,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """
    Run *provider* on a port until it is interrupted (Ctrl-C, SIGTERM).

    Args:
        provider: The mock.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        ready: Called with the root URL once the server answers and can be interrupted.

    Raises:
        TargetError: The address is not usable.
    """
    listener = listening(host, port)
    server = _NotifyingServer(_config(provider))
    server.on_ready = lambda: ready(_url(listener))
    serving = server.serve([listener])
    try:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(serving)
    except KeyboardInterrupt:
        pass  # uvicorn has stopped and raises the signal again
    finally:
        serving.close()  # if interrupted before its first step, Python would warn
        listener.close()
