"""
The process of a relay: settings come in on a socket, and what passed goes out on it.

A process of its own, because judging in the same one would hold the interpreter lock
for longer than an event may be delayed. Usage: `python -m contract.proxying.engine
CHANNEL LISTENER`, with the numbers of two inherited sockets. It ends when the other
side shuts the channel down or is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import resource
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from typing import cast

import uvloop

from contract.proxying.passed import Passed, frame
from contract.proxying.relay import Relay, Settings

_LENGTH = struct.Struct("!I")
_FLUSH = 30.0  # seconds to hand over what is left at the end
_BACKLOG = 2_048  # connections that wait to be accepted


class Channel(asyncio.Protocol):
    """The way to the process that judges; `stopped` is set when it wants no more."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self.drained = asyncio.Event()
        self.drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the channel."""
        self.transport = cast("asyncio.Transport", transport)

    def eof_received(self) -> bool:
        """Stop; the channel stays open for what is left."""
        self.stopped.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Stop: the other process is gone."""
        self.stopped.set()
        self.drained.set()

    def pause_writing(self) -> None:
        """Note that something waits."""
        self.drained.clear()

    def resume_writing(self) -> None:
        """Note that what was written has been taken."""
        self.drained.set()

    def waiting(self) -> int:
        """Return the bytes that the other process has not taken yet."""
        return self.transport.get_write_buffer_size()

    def failed(self, context: Mapping[str, object]) -> None:
        """Report a bug that affected one connection to the other process."""
        error = context.get("exception")
        if not self.transport.is_closing():
            self.transport.write(frame("failed", error=type(error).__name__))

    def hand_over(self, passed: Passed) -> None:
        """Send an exchange."""
        if not self.transport.is_closing():
            self.transport.write(b"".join(passed.encode()))


async def serve(channel: socket.socket, listener: socket.socket) -> None:
    """Relay until the other process wants no more."""
    loop = asyncio.get_running_loop()
    settings = read_settings(channel)
    channel.setblocking(False)  # noqa: FBT003  # the method's only parameter
    _, ours = await loop.create_connection(Channel, sock=channel)
    # Its own handler would print what passes, keys included.
    loop.set_exception_handler(lambda _loop, context: ours.failed(context))
    relay = Relay(settings, ours.hand_over, waiting=ours.waiting)
    server = await loop.create_server(relay.client, sock=listener, backlog=_BACKLOG)
    # What was loaded until now stays; looking for garbage in it takes milliseconds.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    ours.transport.write(frame("ready"))
    await ours.stopped.wait()
    server.close()
    relay.stop()
    await asyncio.sleep(0.05)  # connections are lost in the next steps of the loop
    relay.flush()
    if not ours.transport.is_closing():
        ours.transport.set_write_buffer_limits(high=0)
        ours.transport.write(frame("ended"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH):
                await ours.drained.wait()
        ours.transport.close()


def read_settings(channel: socket.socket) -> Settings:
    """Return the settings that the other process sends first."""
    with channel.makefile("rb", buffering=0) as file:
        (size,) = _LENGTH.unpack(_exactly(file.read, _LENGTH.size))
        members = json.loads(_exactly(file.read, size))
    members.pop("kind")
    return Settings(**members)


def _exactly(read, size: int) -> bytes:  # type: ignore[no-untyped-def]
    data = b""
    while len(data) < size:
        part = read(size - len(data))
        if not part:
            raise SystemExit(0)  # the other process is gone
        data += part
    return data


def main(arguments: list[str]) -> None:
    """Run the relay on the sockets whose numbers are *arguments*."""
    # Ctrl-C is for the process that judges, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    channel, listener = (socket.socket(fileno=int(number)) for number in arguments)
    uvloop.run(serve(channel, listener))


if __name__ == "__main__":
    main(sys.argv[1:])
