"""`magistral-contract serve` as a process of its own."""

import contextlib
import os
import subprocess
import sys


@contextlib.contextmanager
def serving(*arguments, **environ):
    """Run the program; yield its process and the lines of its banner by label."""
    running = subprocess.Popen(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-m", "contract", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )
    try:
        banner = {}
        for line in running.stdout:
            name, _, value = line.strip().partition(" ")
            banner[name] = value.strip()
            if name == "stop":
                break
        yield running, banner
    finally:
        running.kill()
        running.communicate()
