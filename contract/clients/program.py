"""Runs the user's program for a task, within bounds, and ends what it started."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from contract.clients.output import MOST, Output, Trouble, read_result
from contract.clients.task import Place
from contract.errors import UsageError
from contract.model.escape import escape_controls
from contract.model.redaction import sanitise

GRACE = 1.0
"""Seconds that a program and its children have to end by themselves after a signal."""

STARTUP = 60.0
"""Seconds that one process for all tasks has to start, beside those of its task."""

_PIECE = 65_536  # bytes read at a time
_LAST_WORDS = 8_192  # bytes kept of standard error
_LINE = 200  # characters of a quoted line
_TICK = 0.005  # seconds between looks at a process
_NOT_FOUND = (126, 127)  # exit codes of a shell whose command cannot be run


def read_command(text: str) -> tuple[str, ...]:
    """
    Return the words of the command line *text*.

    Raises `UsageError` if it is empty, or quoted as no shell accepts it.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(
            f"--command {text!r} cannot be read ({str(error).lower()}); quote it as in "
            '--command "python my_program.py".'
        ) from error
    if not words:
        raise UsageError(
            '--command is empty; name the program, as in --command "python my.py".'
        )
    return words


def environment(place: Place, task: str, names: Mapping[str, str]) -> dict[str, str]:
    """
    Return the environment of a program: that of this process, and where its server is.

    The variables of the official packages are set too, so that a program that reads
    only these asks the mock, and never sends the user's own key.

    Args:
        place: The server.
        task: The task as JSON, which `MAGISTRAL_CLIENT_TASK` holds if it is short.
        names: Further variables: the scenario, the dialect, the file for the result.
    """
    given = {
        "MAGISTRAL_CLIENT_BASE_URL": place.base_url,
        "MAGISTRAL_CLIENT_SERVER_URL": place.url,
        "MAGISTRAL_CLIENT_API_KEY": place.key,
        "MAGISTRAL_CLIENT_MODEL": place.model,
        "OPENAI_BASE_URL": place.base_url,
        "OPENAI_API_BASE": place.base_url,
        "OPENAI_API_KEY": place.key,
        "MISTRAL_API_KEY": place.key,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
        **names,
    }
    if 0 < len(task) < _PIECE:
        given["MAGISTRAL_CLIENT_TASK"] = task
    return {**os.environ, **given}


class _Pipe:
    """Reads a pipe to its end, in a thread; keeps its first or its last bytes."""

    def __init__(self, pipe: IO[bytes], most: int, *, end: bool = False) -> None:
        self._pipe, self._most, self._end = pipe, most, end
        self._kept = bytearray()
        self.flooded = threading.Event()
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def data(self) -> bytes:
        return bytes(self._kept)

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while part := os.read(self._pipe.fileno(), _PIECE):
                self._kept += part
                if len(self._kept) > self._most:
                    if not self._end:
                        self.flooded.set()
                        break
                    del self._kept[: -self._most]
        self.ended.set()


def run_program(  # noqa: PLR0913  # each is an option
    command: tuple[str, ...],
    place: Place,
    task: str,
    *,
    timeout: float,
    names: Mapping[str, str] | None = None,
    started: Callable[[], None] = lambda: None,
    stop: threading.Event | None = None,
) -> Output:
    """
    Run *command* for one task, and return what it said; never raises for what it does.

    It gets the task on standard input and in its environment, and prints its result,
    or writes it to the file that `MAGISTRAL_CLIENT_OUTPUT` names. When it ends, or has
    to be ended, all processes of its group are ended.

    Args:
        command: The program and its arguments.
        place: The server of its scenario.
        task: The task as JSON.
        timeout: Seconds that it may take.
        names: Further variables for its environment.
        started: Called when it is about to start.
        stop: Ends the program early once it is set.
    """
    with tempfile.TemporaryDirectory(prefix="client-") as folder:
        file = Path(folder) / "result.json"
        variables = {**(names or {}), "MAGISTRAL_CLIENT_OUTPUT": str(file)}
        started()
        with _process(command, environment(place, task, variables)) as process:
            if isinstance(process, Output):
                return process
            return _attend(process, task, file, Limit(timeout, stop))


@contextmanager
def _process(
    command: tuple[str, ...], variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes] | Output]:
    """Start *command* in a group of its own, and end that group in any case."""
    try:
        process = subprocess.Popen(  # noqa: S603  # the user's own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(variables),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        yield _not_started(command, error)
        return
    try:
        yield process
    finally:
        _end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Limit:
    """The time that a program may take, which ends early if the run is interrupted."""

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Allow *seconds* from now on, or until *stop* is set."""
        self.seconds = seconds
        self._stop = stop
        self._deadline = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the program has to be ended."""
        stopped = self._stop is not None and self._stop.is_set()
        return stopped or time.monotonic() > self._deadline

    def output(self, errors: bytes) -> Output:
        """Return what is said of a program that took longer; *errors* it wrote."""
        return Output(
            trouble=Trouble.HUNG,
            reason=f"it did not end within {self.seconds:g} s",
            code=None,
            last_line=_last_line(errors),
        )


def _attend(
    process: subprocess.Popen[bytes], task: str, file: Path, limit: Limit
) -> Output:
    """Feed *process*, wait for its end, and read its result."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("the pipes of a process that was started with them")
    threading.Thread(target=_feed, args=(process.stdin, task), daemon=True).start()
    output = _Pipe(process.stdout, MOST)
    errors = _Pipe(process.stderr, _LAST_WORDS, end=True)
    while not _has_ended(process):
        if output.flooded.is_set():
            _end(process)
            return _flooded(errors.data)
        if limit.is_over:
            _end(process)
            errors.ended.wait(GRACE)
            return limit.output(errors.data)
        time.sleep(_TICK)
    left = _others_in_group(process.pid)
    _end(process)
    output.ended.wait(GRACE)
    errors.ended.wait(GRACE)
    return _output_of(process.returncode, _result_of(file, output), errors.data, left)


def _flooded(errors: bytes) -> Output:
    return Output(
        trouble=Trouble.FLOODED,
        reason=f"it printed more than {MOST >> 20} MiB",
        code=None,
        last_line=_last_line(errors),
    )


def _feed(pipe: IO[bytes], task: str) -> None:
    """Write the task, and close the pipe; the program need not read it."""
    with contextlib.suppress(OSError, ValueError):
        pipe.write(task.encode() + b"\n")
        pipe.flush()
    with contextlib.suppress(OSError, ValueError):
        pipe.close()


def _result_of(file: Path, output: _Pipe) -> bytes:
    """Return what the program wrote to its file, or else what it printed."""
    with contextlib.suppress(OSError), file.open("rb") as written:
        if raw := written.read(MOST):
            return raw
    return output.data


def _output_of(code: int, raw: bytes, errors: bytes, left: int) -> Output:
    """Return what a program said that ended by itself."""
    last = _last_line(errors)
    result = read_result(raw)
    if result is not None:
        return Output(result=result, code=code, left_behind=left, last_line=last)
    words = f": {last}" if last else ""
    if code:
        trouble, reason = Trouble.DIED, f"it ended {_how(code)}{words}"
        if code in _NOT_FOUND and not raw:
            trouble = Trouble.NOT_STARTED
    elif raw.strip():
        line = _last_line(raw)
        trouble, reason = Trouble.GARBAGE, f"it printed no result, but {line!r}"
    else:
        trouble, reason = Trouble.SILENT, f"it printed nothing{words}"
    return Output(
        trouble=trouble, reason=reason, code=code, left_behind=left, last_line=last
    )


def _how(code: int) -> str:
    if code > 0:
        return f"with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"by the signal {name}"


def _last_line(raw: bytes) -> str:
    """Return the last line of *raw* that is not empty, inert and short."""
    lines = [line for line in raw.decode(errors="replace").splitlines() if line.strip()]
    return sanitise(escape_controls(lines[-1].strip()))[:_LINE] if lines else ""


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """
    Return whether *process* has ended, and leave it to be waited for.

    So its id, and that of its group, belongs to it until the group was ended.
    """
    try:
        found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except (ChildProcessError, AttributeError):
        return process.poll() is not None
    return found is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the group of *process*, which was not waited for yet, and wait for it."""
    if process.returncode is not None:
        return
    if not _has_ended(process):
        _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while not _has_ended(process) and time.monotonic() < deadline:
            time.sleep(_TICK)
    _signal(process, signal.SIGKILL)
    deadline = time.monotonic() + GRACE
    while _others_in_group(process.pid) and time.monotonic() < deadline:
        time.sleep(_TICK)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _others_in_group(group: int) -> int:
    """
    Return the number of running processes in *group* beside its leader.

    Known on Linux only; 0 elsewhere.
    """
    number = 0
    try:
        entries = list(os.scandir("/proc"))
    except OSError:
        return 0
    for entry in entries:
        if not entry.name.isdigit() or int(entry.name) == group:
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = Path(entry.path, "stat").read_text(errors="replace")
            state, _, its_group = stat.rpartition(")")[2].split()[:3]
            number += int(its_group) == group and state not in {"Z", "X"}
    return number


class Resident:
    """
    One process of a program that reads a task per line and prints a result per line.

    It is started when it is needed, and again after it had to be ended. Usage::

        with Resident(command, timeout=30.0) as program:
            said = program.ask(place, task)
    """

    def __init__(
        self, command: tuple[str, ...], *, stop: threading.Event | None = None
    ) -> None:
        """Run *command*; *stop* ends it early once it is set."""
        self._command = command
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None
        self._output: _Pipe | None = None
        self._errors: _Pipe | None = None
        self._read = 0

    def __enter__(self) -> Self:
        """Return the program itself, which is not started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and its children."""
        self.close()

    def close(self) -> None:
        """End the process and its children, if it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        _end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def ask(
        self,
        place: Place,
        task: str,
        *,
        timeout: float,
        names: Mapping[str, str] | None = None,
        started: Callable[[], None] = lambda: None,
    ) -> Output:
        """Return what the program says to one task; as `run_program`."""
        if self._process is None:
            # What a package takes to be imported is no part of its first answer.
            timeout += STARTUP
            if failed := self._start(place, names or {}):
                return failed
        started()
        return self._attend(task, Limit(timeout, self._stop))

    def _attend(self, task: str, limit: Limit) -> Output:
        """Write the task, and read until there is a result or the time is over."""
        process, output, errors = self._process, self._output, self._errors
        if process is None or output is None or errors is None:
            raise AssertionError("a process that was started has pipes")
        if process.stdin is not None:
            words = (process.stdin, task)
            threading.Thread(target=_write, args=words, daemon=True).start()
        while True:
            ended = _has_ended(process)
            if ended:
                output.ended.wait(GRACE)
            line = output.data[self._read :]
            whole, _, _ = line.rpartition(b"\n")
            if whole and (result := read_result(whole)) is not None:
                self._read += len(whole) + 1
                return Output(result=result, last_line=_last_line(errors.data))
            if ended or output.flooded.is_set() or limit.is_over:
                break
            time.sleep(_TICK)
        if ended:
            _end(process)
            said = _output_of(process.returncode, line, errors.data, 0)
        elif output.flooded.is_set():
            said = _flooded(errors.data)
        else:
            said = limit.output(errors.data)
        self.close()
        return said

    def _start(self, place: Place, names: Mapping[str, str]) -> Output | None:
        """Start the process; return what is said of a command that cannot be run."""
        try:
            process = subprocess.Popen(  # noqa: S603  # the user's own command
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(place, "", names),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return _not_started(self._command, error)
        if process.stdout is None or process.stderr is None:
            raise AssertionError("a process that was started has pipes")
        self._process, self._read = process, 0
        self._output = _Pipe(process.stdout, MOST)
        self._errors = _Pipe(process.stderr, _LAST_WORDS, end=True)
        return None


def _write(pipe: IO[bytes], task: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        pipe.write(task.encode() + b"\n")
        pipe.flush()


def _not_started(command: tuple[str, ...], error: Exception) -> Output:
    why = getattr(error, "strerror", None) or error
    reason = f"{command[0]!r} cannot be started: {why}"
    return Output(trouble=Trouble.NOT_STARTED, reason=sanitise(reason), code=None)
