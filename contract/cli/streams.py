"""Standard output and error, through which no secret and no command of CI passes."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Collection, Iterator
from typing import TextIO

import click

from contract.errors import UsageError
from contract.model.escape import escape_lines
from contract.model.redaction import SECRETS


class GatedStream(io.TextIOBase):
    """
    A text stream that masks secrets and escapes what is not formatting of this program.

    It has no `buffer`, so that nothing is written around it. Failures other than a
    closed pipe raise `UsageError`.
    """

    def __init__(self, stream: TextIO) -> None:
        """Write to *stream*, which is not closed with this one."""
        self._stream = stream

    @property
    def stream(self) -> TextIO:
        """The stream that is written to."""
        return self._stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # writable in typeshed
        """The encoding of the stream."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # writable in typeshed
        """How the stream treats what it cannot encode."""
        return self._stream.errors

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the number of the stream, for child processes and terminal sizes."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str | bytes) -> int:
        """
        Write *text*, masked and escaped; return its length.

        click writes UTF-8 for the completion of a shell, and nothing to find out
        which kind of stream this is, where it ignores errors.
        """
        if not text:
            return 0
        shown = text if isinstance(text, str) else text.decode(errors="replace")
        self.write_lines(shown)
        return len(text)

    def write_lines(self, text: str, commands: Collection[str] = ()) -> None:
        """Write *text*, masked and escaped but for *commands* of GitHub Actions."""
        shown = SECRETS.mask(text)
        # A progress bar moves the cursor, which only a terminal can.
        shown = shown if self.isatty() else escape_lines(shown, commands)
        with self._sentences():
            self._stream.write(shown)

    def flush(self) -> None:
        """Write what is buffered."""
        with self._sentences():
            self._stream.flush()

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            self._discard()
            raise UsageError(
                f"The output cannot be written: {error.strerror}. Redirect it to "
                "another place."
            ) from error

    def _discard(self) -> None:
        """
        Send what is still buffered to the null device.

        The interpreter writes it again at exit, where a second failure prints a
        traceback and replaces the exit code by 120 (Python docs, `sys.exit`).
        """
        with contextlib.suppress(OSError, ValueError):  # not a file of the system
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


def print_report(text: str, commands: Collection[str]) -> None:
    """
    Print *text*, a report, whose lines may be *commands* of GitHub Actions.

    Raises `UsageError` if it cannot be written.
    """
    if isinstance(sys.stdout, GatedStream):
        sys.stdout.write_lines(text, commands)
        sys.stdout.flush()
    else:
        click.echo(text, nl=False)


@contextlib.contextmanager
def gated_streams() -> Iterator[None]:
    """
    Replace `sys.stdout` and `sys.stderr` by gated streams within the context.

    One that is closed (`>&-`) is None and stays so.
    """
    originals: dict[str, TextIO | None] = {"stdout": sys.stdout, "stderr": sys.stderr}
    gates = {name: s and GatedStream(s) for name, s in originals.items()}
    for name, gate in gates.items():
        setattr(sys, name, gate)
    try:
        yield
    finally:
        for name, gate in gates.items():
            # What was put in the place of a closed output stays.
            if getattr(sys, name) is gate:
                setattr(sys, name, originals[name])
