"""
ASGI application of the mock, and the uvicorn server that runs it.

Every frame is written at its own time of one absolute schedule, so delays of single
writes do not add up over a stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from contract.errors import TargetError
from contract.mock_server import control as controlling
from contract.mock_server.control import Control
from contract.mock_server.hosts import is_local_host, is_loopback_address
from contract.mock_server.pacing import Cork, Pace, Sink, Times, Timestamps
from contract.mock_server.protocol import BoundedProtocol
from contract.mock_server.provider import MockProvider
from contract.mock_server.workers import OverloadedError, Workers
from contract.model.exchange import End
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json, spelled
from contract.model.wire import Request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 64 * 2**20  # bytes; ten images of the largest size are smaller
_MAX_PAUSE = 30.0  # seconds between two parts of a body
_MAX_HANG = 3_600.0  # seconds; longer than any client waits for a reply to end
_STARTUP = 10.0  # seconds
_SHUTDOWN = 5.0  # seconds
_VISIT_TIMEOUT = 2.0  # seconds
_VISIT_SIZE = 2**16  # bytes read of the response to a visit
_KEEP_ALIVE = 120  # seconds; longer than clients keep idle connections
_RESET_LINGER = 1.0  # seconds until the client notices a reset


def app(  # noqa: PLR0913  # options, by name
    provider: MockProvider,
    *,
    workers: Workers | None = None,
    control: Control | None = None,
    hosts: Collection[str] | None = None,
    timestamps: Timestamps | None = None,
    joined: bool = False,
) -> App:
    """
    Return *provider* as an ASGI application.

    Args:
        provider: The mock.
        workers: Processes for the replies that cost CPU; None computes them here.
        control: Lets `PUT /__magistral__/faults` change the faults; None has no such
            path.
        hosts: Names that a Host header may have beside the local ones; None accepts
            any name.
        timestamps: Writes send times into the events of streams, and answers
            `GET /__magistral__/timestamps`.
        joined: Write events that are due together in one system call.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = request_of(scope)
        try:
            if hosts is not None:
                check_host(request, hosts)
            body = await read_body(request, receive, MAX_BODY)
            if body is None:
                return
            await asyncio.sleep(0)  # a hang-up that has arrived is read first
            if getattr(getattr(send, "__self__", None), "disconnected", False):
                return
            request = Request(request.method, request.path, request.headers, body)
            started = time.monotonic()
            path = request.path.partition("?")[0]
            if control is not None and path == controlling.PATH:
                peer = (scope.get("client") or ("",))[0]
                reply = control.answer(provider, request, peer)
            elif timestamps is not None and path == Timestamps.PATH:
                reply = _times(timestamps, provider, request)
            else:
                reply = await _reply(provider, workers, request)
        except RefusedError as error:
            started = time.monotonic()
            # The rest of the request is not read, so the connection is of no more use.
            refused = provider.refused(request, error.rejection)
            reply = refused.with_header("connection", "close")
        chats = int(reply.probe is not None)
        provider.running += chats
        times = None
        if timestamps is not None and reply.streamed:
            times = timestamps.begin(started)
        try:
            await perform(reply, started, receive, send, times, joined=joined)
        finally:
            provider.running -= chats

    return application


def _times(timestamps: Timestamps, provider: MockProvider, request: Request) -> Reply:
    """Return the times of the last streams; they are forgotten after a DELETE."""
    status, body = HTTPStatus.OK, encode_json(timestamps.answer())
    if request.method == "DELETE":
        timestamps.clear()
    elif request.method != "GET":
        status = HTTPStatus.METHOD_NOT_ALLOWED
        body = encode_json({"error": "use GET or DELETE"})
    return Reply(
        status=status.value,
        headers=(JSON_TYPE,),
        frames=(Frame(0.0, body),),
        dialect=provider.dialect,
        request=request,
    )


class RefusedError(Exception):
    """A request is refused before it was read as a whole."""

    def __init__(self, rejection: Rejection) -> None:
        """*rejection* says why, and with which status if not the dialect's."""
        super().__init__(rejection.message)
        self.rejection = rejection


def request_of(scope: Scope) -> Request:
    """Return the request of *scope*, without its body."""
    query = scope["query_string"].decode("latin-1")
    return Request(
        scope["method"],
        f"{scope['path']}?{query}" if query else scope["path"],
        tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]),
    )


def check_host(request: Request, hosts: Collection[str]) -> None:
    """Raise `RefusedError` if the Host header is that of a domain on the internet."""
    name = request.header("host") or ""
    if not is_local_host(name, hosts):
        message = (
            f"This server is not {name[:80]!r}; if it is, start it with "
            "--allow-host NAME."
        )
        raise RefusedError(Rejection(reason=RejectionReason.HOST, message=message))


async def read_body(request: Request, receive: Receive, most: int) -> bytes | None:
    """
    Return the body of *request*; None if the client disconnects first.

    *receive* is the ASGI callable, *most* the number of bytes that are accepted.
    Raises `RefusedError` if it is too large, or pauses for too long.
    """
    length = request.header("content-length") or ""
    if length.isascii() and length.isdigit() and int(length[:20]) > most:
        raise RefusedError(_too_large(most))
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        try:
            if _has_arrived(receive):
                message = await receive()
            else:
                async with asyncio.timeout(_MAX_PAUSE):
                    message = await receive()
        except TimeoutError:
            raise RefusedError(_TOO_SLOW) from None
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise RefusedError(_too_large(most))
        more = message.get("more_body", False)
    return b"".join(parts)


def _has_arrived(receive: Receive) -> bool:
    """Return whether the whole body is there, so that *receive* does not wait."""
    return getattr(getattr(receive, "__self__", None), "more_body", True) is False


def _too_large(most: int) -> Rejection:
    size = f"{most >> 20} MiB" if most >> 20 else f"{most >> 10} KiB"
    return Rejection(
        reason=RejectionReason.TOO_LARGE,
        message=f"The request body is larger than {size}.",
    )


_TOO_SLOW = Rejection(
    reason=RejectionReason.FAILURE,
    status=HTTPStatus.REQUEST_TIMEOUT.value,
    message="The request body came too slowly.",
)


async def _reply(
    provider: MockProvider, workers: Workers | None, request: Request
) -> Reply:
    """Return the reply; whatever it raises becomes an error of the dialect."""
    problem = ""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    try:
        if workers is None or not workers.is_needed(request):
            return provider.reply(request)
        return await workers.reply(provider, request)
    except OverloadedError as error:
        problem = str(error)
    except (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError):
        raise
    except BaseException as error:  # noqa: BLE001  # native code raises others
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        problem = f"The mock failed on this request: {type(error).__name__}."
    return provider.refused(
        request,
        Rejection(reason=RejectionReason.FAILURE, status=status.value, message=problem),
    )


async def perform(  # noqa: C901, PLR0913  # what ASGI gives, and options; one schedule
    reply: Reply,
    started: float,
    receive: Receive,
    send: Send,
    times: Times | None = None,
    *,
    joined: bool = False,
) -> None:
    """
    Send *reply* on schedule, until it ends or the client disconnects.

    Args:
        reply: What to send, and how it ends.
        started: Time 0 of the schedule, on the clock `time.monotonic`.
        receive: ASGI callable of the request.
        send: ASGI callable of the response.
        times: Filled with the send times of a stream, which its events get as well.
        joined: Write frames that are due together in one system call.
    """
    clock = time.monotonic
    client = Client(receive)
    head: MutableMapping[str, Any] = {
        "type": "http.response.start",
        "status": reply.status,
        "headers": [(k.encode("latin-1"), v.encode()) for k, v in reply.headers],
    }
    frames = spelled(reply).frames
    for url in reply.visits:
        await _visit(url)
    try:
        names = {name for name, _ in reply.headers}
        whole = (
            reply.end is End.COMPLETE
            and not reply.streamed
            and not frames[1:]
            and "transfer-encoding" not in names
        )
        if not reply.status:
            await _end(reply.end, client, send)
            return
        if whole:
            body, due = (frames[0].data, started + frames[0].at) if frames else (b"", 0)
            if due > clock() and await client.leaves_before(due):
                return
            if "content-length" not in names:
                head["headers"].append((b"content-length", b"%d" % len(body)))
            with Cork(send):
                await send(head)
                await send({"type": "http.response.body", "body": body})
            return
        await send(head)
        sink = Sink.of(send)
        pace = (
            None if sink is None else Pace(sink, frames, started, times, joined=joined)
        )
        number = 0
        while number < len(frames):
            if pace is not None:
                if frames[-1].at:
                    client.listen(pace.stop)
                number = await pace.run(number)
                if number == len(frames):
                    break
            frame = frames[number]
            due = started + frame.at
            if due > clock() and await client.leaves_before(due):
                return
            data = frame.data if times is None else times.stamped(frame.data)
            await send({"type": "http.response.body", "body": data, "more_body": True})
            number += 1
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


async def _end(end: End, client: Client, send: Send) -> None:
    if end is End.COMPLETE:
        await send({"type": "http.response.body", "body": b""})
    elif end in {End.TIMEOUT, End.OPEN}:
        await client.leaves_before(time.monotonic() + _MAX_HANG)
    else:
        await _reset(send)
        await client.leaves_before(time.monotonic() + _RESET_LINGER)


class Client:
    """Detects that the client disconnects; listens only once that is awaited."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._disconnected: asyncio.Task[None] | None = None

    def listen(self, left: Callable[[], None]) -> None:
        """Call *left* once the client disconnects, unless it is listened to already."""
        if self._disconnected is None:
            self._disconnected = self._task()
            self._disconnected.add_done_callback(lambda _: left())

    def _task(self) -> asyncio.Task[None]:
        return asyncio.ensure_future(self._await_disconnect())

    async def leaves_before(self, due: float) -> bool:
        """Wait until *due*; return whether the client disconnected first."""
        self._disconnected = self._disconnected or self._task()
        clock = time.monotonic
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


def _config(application: App, *, dated: bool = True) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=BoundedProtocol,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=dated,
        proxy_headers=False,  # no proxy is trusted to say who the client is
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=1,
    )


def address(listener: socket.socket) -> str:
    """Return the root URL of what listens on *listener*."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def serving(  # noqa: PLR0913  # options, by name
    provider: MockProvider,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    control: Control | None = None,
    timestamps: Timestamps | None = None,
    dated: bool = True,
) -> Iterator[str]:
    """
    Run *provider* on a port, in a thread; yield the root URL once it is ready.

    Port 0 takes a free one. Leaving the context stops the server at once, even while
    replies are being sent. *control* lets clients change the faults, and *timestamps*
    writes send times into events; *dated* adds the header Date to replies. Raises
    `TargetError` if the address is not usable.
    """
    hosts = () if is_loopback_address(host) else None
    application = app(provider, control=control, hosts=hosts, timestamps=timestamps)
    with running(application, host, port, dated=dated) as url:
        yield url


@contextlib.contextmanager
def running(
    application: App, host: str = "127.0.0.1", port: int = 0, *, dated: bool = True
) -> Iterator[str]:
    """
    Run *application* on a port, in a thread, as `serving` runs a mock; yield its URL.

    Raises `TargetError` if the address is not usable.
    """
    listener = listening(host, port)
    server = _AbortingServer(_config(application, dated=dated))
    thread = threading.Thread(
        target=server.run, args=([listener],), name="mock", daemon=True
    )
    try:
        thread.start()
        deadline = time.monotonic() + _STARTUP
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise TargetError(
                    "The server did not start; try again, and report the problem if it "
                    "persists."
                )
            time.sleep(0.001)
        yield address(listener)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(_SHUTDOWN)
        listener.close()


class _AbortingServer(uvicorn.Server):
    """Aborts the connections that are open when it stops."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # A client that does not read would keep the event loop from being closed.
        for connection in tuple(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()


class _NotifyingServer(_AbortingServer):
    """Calls `on_ready` once signal handlers are installed and the port is served."""

    on_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()


def serve_forever(  # noqa: PLR0913  # options, by name
    provider: MockProvider,
    host: str = "127.0.0.1",
    port: int = 8_000,
    ready: Callable[[str], None] = lambda _url: None,
    *,
    workers: Workers | None = None,
    control: Control | None = None,
    hosts: Collection[str] = (),
    timestamps: Timestamps | None = None,
    joined: bool = False,
    dated: bool = True,
) -> None:
    """
    Run *provider* on a port until it is interrupted (Ctrl-C, SIGTERM).

    Args:
        provider: The mock.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        ready: Called with the root URL once the server answers and can be interrupted.
        workers: Processes for the replies that cost CPU; None computes them here.
        control: Lets clients on this machine change the faults.
        hosts: Further names that the Host header may have; it is checked where *host*
            is on loopback.
        timestamps: Writes send times into the events of streams.
        joined: Write events that are due together in one system call.
        dated: Add the header Date to replies.

    Raises:
        TargetError: The address is not usable.
    """
    allowed = hosts if is_loopback_address(host) else None
    application = app(
        provider,
        workers=workers,
        control=control,
        hosts=allowed,
        timestamps=timestamps,
        joined=joined,
    )
    run_forever(application, host, port, ready, workers=workers, dated=dated)


def run_forever(  # noqa: PLR0913  # options, by name
    application: App,
    host: str,
    port: int,
    ready: Callable[[str], None],
    *,
    workers: Workers | None = None,
    dated: bool = True,
) -> None:
    """
    Run *application* on a port until it is interrupted, as `serve_forever` does.

    The parameters are those of `serve_forever`. Raises `TargetError` if the address is
    not usable.
    """
    listener = listening(host, port)
    server = _NotifyingServer(_config(application, dated=dated))
    server.on_ready = lambda: ready(address(listener))
    if workers is not None:
        workers.start()
    serving = server.serve([listener])
    # What was loaded until now stays; looking for garbage in it takes 50 ms each time.
    gc.collect()
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(serving)
    except KeyboardInterrupt:
        pass  # uvicorn has stopped and raises the signal again
    finally:
        serving.close()  # if interrupted before its first step, Python would warn
        listener.close()
