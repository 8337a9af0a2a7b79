"""
A program that runs another one for as long as its standard input stays open.

The other end of that pipe is held by whoever started it. However that process ends,
even killed, the pipe closes, and the program with all its children is ended too.
It is run as a file, by its path, and imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

PATIENCE = 10.0  # seconds between asking to end and insisting
MISSING = 127


def main(command: list[str]) -> int:
    """Run *command* in a session of its own; its exit code."""
    try:
        # The session is what all its children are found by.
        program = subprocess.Popen(  # noqa: S603  # what it is for
            command, stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return MISSING
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _send(program.pid, signal.SIGTERM))
    threading.Thread(target=_await_end, args=(program,), daemon=True).start()
    code = program.wait()
    _send(program.pid, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def _await_end(program: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    _send(program.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(PATIENCE)
    _send(program.pid, signal.SIGKILL)


def _send(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    # Nothing is left to clean up, and a thread may still be reading.
    os._exit(main(sys.argv[1:]))
