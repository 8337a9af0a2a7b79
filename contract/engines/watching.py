"""
Watcher program: runs another program while its own standard input stays open.

The parent process holds the other end of that pipe. However the parent ends, even if
it is killed, the pipe closes, and the watcher ends the program with all its children.
The file is run by its path, so it imports nothing from this package.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_PERIOD = 10.0  # seconds between SIGTERM and SIGKILL
NOT_STARTED = 127  # exit code, as in a shell


def main(command: list[str]) -> int:
    """Run *command* in its own session and return its exit code."""
    try:
        # The session identifies all its children.
        program = subprocess.Popen(  # noqa: S603  # the purpose of this program
            command, stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return NOT_STARTED
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
        program.wait(GRACE_PERIOD)
    _send(program.pid, signal.SIGKILL)


def _send(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    # Nothing needs cleaning up, and a thread may still be reading.
    os._exit(main(sys.argv[1:]))
