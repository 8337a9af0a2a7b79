"""Starts a server, waits until it is healthy, and ends it, whatever happens."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import httpx

from contract.engines import watching
from contract.errors import (
    ContractError,
    TargetError,
    UsageError,
)

HOST = "127.0.0.1"
LINES, LONGEST = 20, 300  # of the log, in a message
CAUSES = 5  # errors quoted from before its end
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ERROR = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception): |^Error: |\b(?:ERROR|FATAL|CRITICAL)\b"
)
_PAUSE = 0.1
_SIGNALLED = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """
    What to run and how it is called in messages; it answers on *port* of loopback.

    *environment* is added to ours, *folder* is where it is run (None: where we are).
    *secret* is taken out of quoted lines.
    """

    name: str
    command: tuple[str, ...]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    secret: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The root of the API."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def running(launch: Launch, startup: float) -> Iterator[str]:
    """
    The URL of the started server, healthy within *startup* seconds.

    Raises `TargetError` with the last lines of its log when it is not, and when it
    ended before it was told to.
    """
    with TemporaryFile() as log:
        watcher = subprocess.Popen(  # noqa: S603  # what the user asked for
            [sys.executable, "-I", watching.__file__, *launch.command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **launch.environment},
            cwd=launch.folder,
            # Ctrl-C is for us; we then close the pipe.
            start_new_session=True,
        )
        try:
            _await_health(launch, watcher, log, startup)
            try:
                yield launch.url
            except ContractError:
                _ensure_stayed(launch, watcher, log)
                raise
            _ensure_stayed(launch, watcher, log)
        finally:
            _stop(watcher)


def free_port(wanted: int = 0) -> int:
    """A port of the loopback interface nobody listens on: *wanted*, or any for 0."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, wanted))
        except (OSError, OverflowError):
            raise UsageError(
                f"Port {wanted} cannot be listened on; choose another with ?port=N, "
                "or leave it out."
            ) from None
        found: int = trial.getsockname()[1]
        return found


def last_lines(text: str, secret: str = "") -> str:
    """
    The end of a log, short enough for a message and without the *secret*.

    Errors that were logged before it come first: what ends a server is often told by
    a child, long before the server itself says that a child failed.
    """
    if secret:
        text = text.replace(secret, "…")
    lines = [line.rstrip()[:LONGEST] for line in _COLOUR.sub("", text).splitlines()]
    lines = [line for line in lines if line.strip()]
    end = lines[-LINES:]
    earlier = [line for line in lines[:-LINES] if _ERROR.search(line)][-CAUSES:]
    cut = ["…"] if earlier else []
    return "\n".join(f"  {line}" for line in [*earlier, *cut, *end])


def _await_health(
    launch: Launch, watcher: subprocess.Popen[bytes], log: IO[bytes], startup: float
) -> None:
    until = time.monotonic() + startup
    with httpx.Client(trust_env=False, timeout=2.0) as client:
        while time.monotonic() < until:
            _ensure_running(launch, watcher, log, "before it was ready")
            try:
                if client.get(f"{launch.url}/health").is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(_PAUSE)
    raise TargetError(
        f"{launch.name} was not ready within {startup:g} s; give it longer with "
        f"?startup={2 * startup:g}s. The end of its log:\n{_quoted(launch, log)}"
    )


def _ensure_stayed(
    launch: Launch, watcher: subprocess.Popen[bytes], log: IO[bytes]
) -> None:
    """A server that is told to end stops listening first, and may take its time."""
    try:
        httpx.get(f"{launch.url}/health", trust_env=False, timeout=2.0)
    except httpx.ConnectError:
        with suppress(subprocess.TimeoutExpired):
            watcher.wait(watching.PATIENCE)
    except httpx.HTTPError:
        pass
    _ensure_running(launch, watcher, log, "while it was being judged")


def _ensure_running(
    launch: Launch, watcher: subprocess.Popen[bytes], log: IO[bytes], when: str
) -> None:
    code = watcher.poll()
    if code is None:
        return
    how = f"by signal {code - _SIGNALLED}" if code > _SIGNALLED else f"with code {code}"
    raise TargetError(
        f"{launch.name} ended {how} {when}. The end of its log:\n{_quoted(launch, log)}"
    )


def _quoted(launch: Launch, log: IO[bytes]) -> str:
    log.seek(0)
    text = last_lines(log.read().decode(errors="replace"), launch.secret)
    return text or "  (it is empty)"


def _stop(watcher: subprocess.Popen[bytes]) -> None:
    if watcher.stdin is not None:
        watcher.stdin.close()
    try:
        watcher.wait(2 * watching.PATIENCE)
    except subprocess.TimeoutExpired:
        watcher.kill()
        watcher.wait()


def existing(path: str) -> Path:
    """*path* as a file that is there; `UsageError` otherwise."""
    found = Path(path).expanduser()
    if not found.is_file():
        raise UsageError(f"There is no file {path!r}; name an existing one.")
    return found
