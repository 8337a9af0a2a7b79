"""
Processes that compute replies which cost CPU, each with a bound on time and memory.

A process is ended if a reply takes too long, so a request of unforeseen cost
takes one worker for a few seconds, and never the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import pickle
import re
import signal
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from contract.errors import ContractError
from contract.mock_server.provider import MockProvider
from contract.model.custom import CustomReply
from contract.model.exchange import End
from contract.model.probe import Probe
from contract.model.rejection import Rejection
from contract.model.reply import Frame, Reply
from contract.model.wire import Request
from contract.tokens import tekken

DEADLINE = 10.0  # seconds of work for one reply
_STARTUP = 60.0  # seconds until a new process is ready
_QUEUE = 256  # requests that wait for a worker
_MEMORY = 4 * 2**30  # bytes of address space of a worker
_CHEAP_BODY = 8_192  # bytes
_QUICK = 0.003  # CPU seconds; the event loop may be held up by as much
_MOST_QUICK = 1_024  # requests that are remembered
# What makes a chat cost more than its length: schemas, tools, images, several choices,
# answers of any length. An escape could hide one of them.
_COSTLY = re.compile(
    rb'\\u|"(?:tools|response_format|n)"|image|#loop|#long|count from', re.IGNORECASE
)

Build = Callable[[], MockProvider]
"""Makes the provider of a worker; it is sent to the process, so it can be pickled."""


class OverloadedError(ContractError):
    """There is no reply within the bounds of the workers; the message says why."""


def is_cheap(request: Request) -> bool:
    """Return whether a reply takes about a millisecond, so that no worker is needed."""
    if len(request.body) > _CHEAP_BODY:
        return False
    return not _COSTLY.search(request.body)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A reply as it is sent between processes: a few large values, not many small."""

    status: int
    headers: tuple[tuple[str, str], ...]
    times: array[float]
    lengths: array[int]
    data: bytes
    end: End
    visits: tuple[str, ...]
    # Left out where nothing reads them.
    probe: Probe | None
    rejection: Rejection | None
    # CPU seconds that the reply took.
    seconds: float

    @classmethod
    def of(cls, reply: Reply, seconds: float, *, whole: bool) -> _Packed:
        """Pack *reply*, which took *seconds*; if *whole*, with the parsed request."""
        return cls(
            reply.status,
            reply.headers,
            array("d", (frame.at for frame in reply.frames)),
            array("Q", (len(frame.data) for frame in reply.frames)),
            reply.body,
            reply.end,
            reply.visits,
            reply.probe if whole else reply.probe and Probe(name="unread"),
            reply.rejection if whole else None,
            seconds,
        )

    def reply(self, request: Request, provider: MockProvider) -> Reply:
        """Return the reply again, as one of *provider* to *request*."""
        frames = []
        start = 0
        for at, length in zip(self.times, self.lengths, strict=True):
            frames.append(Frame(at, self.data[start : start + length]))
            start += length
        return Reply(
            status=self.status,
            headers=self.headers,
            frames=tuple(frames),
            end=self.end,
            dialect=provider.dialect,
            request=request,
            probe=self.probe,
            rejection=self.rejection,
            visits=self.visits,
        )


class Workers:
    """
    A number of processes, each of which computes one reply at a time.

    Usage: `Workers(build, 2)`, then `await workers.reply(provider, request)`. *build*
    makes in each process the same mock as *provider*, without faults.
    """

    def __init__(self, build: Build, count: int, deadline: float = DEADLINE) -> None:
        """
        Prepare *count* processes, each of which starts with its first reply.

        A reply may take *deadline* seconds.
        """
        self._deadline = deadline
        self._idle = [_Worker(build) for _ in range(count)]
        self._all = tuple(self._idle)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="mock-worker")
        self._waiting = 0
        # Requests whose replies turned out to be quick; the oldest first.
        self._quick: dict[tuple[str, bytes], None] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start all processes in the background, so that no request waits for one."""
        for _ in self._all:
            self._threads.submit(self._start_one)

    def is_needed(self, request: Request) -> bool:
        """Return whether a worker has to compute the reply to *request*."""
        if is_cheap(request):
            return False
        return (request.path, request.body) not in self._quick

    def _learn(self, request: Request, seconds: float) -> None:
        """Remember that the reply took little time: equal requests need no worker."""
        if seconds <= _QUICK and len(request.body) <= _CHEAP_BODY:
            while len(self._quick) >= _MOST_QUICK:
                self._quick.pop(next(iter(self._quick)), None)
            self._quick[request.path, request.body] = None

    async def reply(self, provider: MockProvider, request: Request) -> Reply:
        """
        Return the reply of *provider* to *request*, with its fault.

        Raises `OverloadedError` if it takes too long, or too many requests wait.
        """
        number = provider.number()
        whole = provider.change is not None
        made = await self._run("unchanged", (request, number), whole=whole)
        if isinstance(made, _Packed):
            self._learn(request, made.seconds)
        if isinstance(made, tuple):
            custom: CustomReply | None = provider.take(made)
            made = await self._run("completed", (request, number, custom), whole=whole)
        packed: _Packed = made
        return await asyncio.to_thread(
            lambda: provider.changed(packed.reply(request, provider))
        )

    async def _run(self, name: str, arguments: tuple[Any, ...], *, whole: bool) -> Any:
        if self._waiting >= _QUEUE:
            raise OverloadedError("Too many requests are being computed.")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            task = (name, arguments, whole)
            return await loop.run_in_executor(self._threads, self._call, task)
        finally:
            self._waiting -= 1

    def _start_one(self) -> None:
        with self._lock:
            worker = self._idle.pop()
        try:
            with contextlib.suppress(OverloadedError):
                worker.start()
        finally:
            self._idle.append(worker)

    def _call(self, task: object) -> Any:
        # There are as many threads as workers, so one is idle.
        with self._lock:
            worker = self._idle.pop()
        try:
            return worker.call(task, self._deadline)
        finally:
            self._idle.append(worker)

    def close(self) -> None:
        """End all processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._all:
            worker.close()


class _Worker:
    """One process, which is started again after it was ended."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._process: Any = None
        self._pipe: Connection | None = None
        self._closed = False

    def start(self) -> Connection:
        """Return the pipe to the process, which is started if it does not run."""
        if self._pipe is not None and self._process.is_alive():
            return self._pipe
        if self._closed:
            raise OverloadedError("The server is stopping.")
        self._kill()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, self._build), name="mock-worker", daemon=True
        )
        try:
            with _without_interrupts():
                self._process.start()
            theirs.close()
            if not ours.poll(_STARTUP):
                raise OverloadedError("A worker process did not start in time.")
            ours.recv_bytes()
        except (OSError, EOFError) as error:
            self._kill()
            raise OverloadedError(
                f"A worker process did not start: {error}."
            ) from error
        self._pipe = ours
        return ours

    def call(self, task: object, deadline: float) -> Any:
        """Return what the process makes of *task*, within *deadline* seconds."""
        pipe = self.start()
        try:
            pipe.send_bytes(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
            if not pipe.poll(deadline):
                self._kill()
                raise OverloadedError(
                    f"The mock needs more than {deadline:g} s for this request."
                )
            done, value = pickle.loads(pipe.recv_bytes())  # noqa: S301  # our process
        except (OSError, EOFError) as error:
            self._kill()
            raise OverloadedError(
                "The mock needs more memory than it has for this request."
            ) from error
        if not done:
            raise OverloadedError(f"The mock failed on this request: {value}.")
        return value

    def _kill(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def close(self) -> None:
        """End the process, which is not started again."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """
    Let processes that are started here never see Ctrl-C, which is for the parent.

    A process inherits the signals that its parent's thread blocks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Starting the tracker of multiprocessing unblocks the signal, so it comes first.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection, build: Build) -> None:
    """Answer tasks until the other end of *pipe* is closed; runs in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    _limit_memory()
    if hasattr(os, "nice"):
        os.nice(5)  # the event loop goes first where cores are few
    provider = build()
    tekken.encoding()
    with contextlib.suppress(OSError, EOFError):
        pipe.send_bytes(b"ready")
        while True:
            name, arguments, whole = pickle.loads(pipe.recv_bytes())  # noqa: S301  # the parent's
            begun = time.thread_time()
            try:
                made = getattr(provider, name)(*arguments)
                if isinstance(made, Reply):
                    spent = time.thread_time() - begun
                    made = _Packed.of(made, spent, whole=whole)
                answer = (True, made)
            except BaseException as error:  # noqa: BLE001  # native code raises others
                answer = (False, f"{type(error).__name__}")
            pipe.send_bytes(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # Unix only

    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
