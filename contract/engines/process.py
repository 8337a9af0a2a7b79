"""Lifecycle of a server process: started, awaited until healthy, always terminated."""

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
from contract.errors import ContractError, TargetError, UsageError

HOST = "127.0.0.1"
LINES, MAX_LENGTH = 20, 300  # lines of the log in a message, and characters of a line
CAUSES = 5  # errors quoted from before these lines
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ERROR = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception): |^Error: |\b(?:ERROR|FATAL|CRITICAL)\b"
)
_PAUSE = 0.1  # seconds between health checks
_SIGNALLED = 128  # exit codes above it: terminated by a signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A server to start."""

    # Name of the server in messages.
    name: str
    # Program and arguments.
    command: tuple[str, ...]
    # Port of loopback on which it will listen.
    port: int
    # Variables added to the environment of this process.
    environment: Mapping[str, str] = field(default_factory=dict)
    # Working directory; None: that of this process.
    folder: Path | None = None
    # Text to mask in quoted lines of the log; empty for none.
    secret: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The root of the API."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def running(launch: Launch, startup: float) -> Iterator[str]:
    """
    Start a server and yield its URL once it is healthy.

    Raises `TargetError` with the last lines of its log if it is not healthy within
    *startup* seconds, or if it ends before the context is left.
    """
    with TemporaryFile() as log:
        watcher = subprocess.Popen(  # noqa: S603  # requested by the user
            [sys.executable, "-I", watching.__file__, *launch.command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **launch.environment},
            cwd=launch.folder,
            # Ctrl-C goes to this process only, which then closes the pipe.
            start_new_session=True,
        )
        try:
            _await_health(launch, watcher, log, startup)
            try:
                yield launch.url
            except ContractError:
                _ensure_still_running(launch, watcher, log)
                raise
            _ensure_still_running(launch, watcher, log)
        finally:
            _stop(watcher)


def free_port(wanted: int = 0) -> int:
    """
    Return a free port of the loopback interface: *wanted*, or any for 0.

    Raises `UsageError` if *wanted* is in use or not a port.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except (OSError, OverflowError):
            raise UsageError(
                f"Port {wanted} is not available; choose another with ?port=N, or "
                "leave it out."
            ) from None
        port: int = probe.getsockname()[1]
        return port


def last_lines(text: str, secret: str = "") -> str:
    """
    Return the end of a log, short enough for a message and without the *secret*.

    Errors logged earlier come first: a child process often logs the cause long before
    the server itself logs that a child failed.
    """
    if secret:
        text = text.replace(secret, "…")
    lines = [line.rstrip()[:MAX_LENGTH] for line in _COLOUR.sub("", text).splitlines()]
    lines = [line for line in lines if line.strip()]
    end = lines[-LINES:]
    earlier = [line for line in lines[:-LINES] if _ERROR.search(line)][-CAUSES:]
    gap = ["…"] if earlier else []
    return "\n".join(f"  {line}" for line in [*earlier, *gap, *end])


def _await_health(
    launch: Launch, watcher: subprocess.Popen[bytes], log: IO[bytes], startup: float
) -> None:
    deadline = time.monotonic() + startup
    with httpx.Client(trust_env=False, timeout=2.0) as client:
        while time.monotonic() < deadline:
            _ensure_running(launch, watcher, log, "before it was ready")
            try:
                if client.get(f"{launch.url}/health").is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(_PAUSE)
    raise TargetError(
        f"{launch.name} was not ready within {startup:g} s; allow more time with "
        f"?startup={2 * startup:g}s. The end of its log:",
        log=_log_end(launch, log),
    )


def _ensure_still_running(
    launch: Launch, watcher: subprocess.Popen[bytes], log: IO[bytes]
) -> None:
    """
    Raise `TargetError` if the server ended or is about to.

    A server that was terminated from outside stops listening first and may take a
    while to end, so it is awaited.
    """
    try:
        httpx.get(f"{launch.url}/health", trust_env=False, timeout=2.0)
    except httpx.ConnectError:
        with suppress(subprocess.TimeoutExpired):
            watcher.wait(watching.GRACE_PERIOD)
    except httpx.HTTPError:
        pass
    _ensure_running(launch, watcher, log, "during the run")


def _ensure_running(
    launch: Launch, watcher: subprocess.Popen[bytes], log: IO[bytes], when: str
) -> None:
    code = watcher.poll()
    if code is None:
        return
    how = f"by signal {code - _SIGNALLED}" if code > _SIGNALLED else f"with code {code}"
    end = _log_end(launch, log)
    raise TargetError(f"{launch.name} ended {how} {when}. The end of its log:", log=end)


def _log_end(launch: Launch, log: IO[bytes]) -> str:
    log.seek(0)
    text = last_lines(log.read().decode(errors="replace"), launch.secret)
    return text or "  (it is empty)"


def _stop(watcher: subprocess.Popen[bytes]) -> None:
    if watcher.stdin is not None:
        watcher.stdin.close()
    try:
        watcher.wait(2 * watching.GRACE_PERIOD)
    except subprocess.TimeoutExpired:
        watcher.kill()
        watcher.wait()


def user_path(text: str) -> Path:
    """
    Return the path *text*, in which `~` and `~name` stand for home directories.

    Raises `UsageError` if there is no such home directory, or no such path can be.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except RuntimeError as error:
        raise UsageError(
            f"The home directory in {text!r} is not known; write the whole path."
        ) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{text[:80]!r} is no path: {why}.") from error
    return path


def existing_file(path: str) -> Path:
    """Return the path of an existing file; `UsageError` if there is none."""
    file = user_path(path)
    if not file.is_file():
        raise UsageError(f"There is no file {path!r}; name an existing one.")
    return file
