"""
Exceptions for errors of the user and of this tool; errors of a server are findings.

    ContractError
    |-- UsageError    the command line, a file or an option is wrong     exit 2
    |-- SpecError     openapi.yaml or a built-in profile is wrong        exit 2
    |-- TargetError   a target could not be started or reached           exit 3
    |   `-- EndpointError   its chat endpoint is of no use to a client   exit 1
    |-- CannotJudge   a response is too much for this program            exit 3
    |-- CheckError    a check itself raised: a bug in the check          exit 4
    |-- ReporterError a reporter itself raised: a bug in the reporter    exit 4
    `-- ExporterError an exporter itself raised: a bug in the exporter   exit 4
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contract.model.redaction import sanitise

# What ends a program and is no fault of the code that it interrupts.
INTERRUPTIONS = (KeyboardInterrupt, SystemExit, GeneratorExit)
_LONGEST = 200  # characters of a quoted error


class ContractError(Exception):
    """
    Base of all exceptions; the message is one sentence that says what to do.

    What it quotes is masked and escaped, so that no server can write a line of its own
    into a log. Only the lines of *log*, which are escaped one by one, follow on lines
    of their own.
    """

    # Exit code of the command line.
    exit_code = 2

    def __init__(self, sentence: str = "", *, log: str = "") -> None:
        """*log* is the end of the log of a program that was started here, or empty."""
        lines = (f"  {sanitise(line.strip())}" for line in log.splitlines())
        super().__init__("\n".join((sanitise(sentence), *lines)))


class UsageError(ContractError):
    """The command line, a file or an option is wrong."""


class SpecError(ContractError):
    """`openapi.yaml`, a profile or a catalogue entry is wrong."""


class TargetError(ContractError):
    """A target could not be started or reached, or its responses make no sense."""

    exit_code = 3


class EndpointError(TargetError):
    """A target answers, but no client can be expected to chat with it."""

    exit_code = 1


class CannotJudge(ContractError):  # noqa: N818  # a state of affairs, not an error
    """
    A response was received, and this program cannot judge it.

    It is too large, or compiled code or the memory gave up on it. The message is a
    clause without a full stop, the reason that reports give.
    """

    exit_code = 3


class CheckError(ContractError):
    """A check raised instead of yielding findings."""

    exit_code = 4

    def __init__(self, check: str, cause: BaseException, origin: str = "") -> None:
        """
        Name *check* by its id, and *cause*, the exception that it raised.

        *origin* is the plug-in that the check belongs to; empty for a built-in one.
        """
        self.check, self.cause = check, cause
        of = f" of {origin}" if origin else ""
        super().__init__(
            f"check {check}{of} is broken: {type(cause).__name__}: {cause}. "
            "Please report it together with the saved exchange (--save DIR)."
        )


class ReporterError(ContractError):
    """A reporter raised instead of returning text."""

    exit_code = 4

    def __init__(self, reporter: str, cause: BaseException, origin: str = "") -> None:
        """
        Name *reporter*, a kind of report, and *cause*, the exception that it raised.

        *origin* is the plug-in that the reporter belongs to; empty for a built-in one.
        """
        of = f" of {origin}" if origin else ""
        super().__init__(
            f"reporter {reporter}{of} is broken: {type(cause).__name__}: {cause}. "
            "Please report it together with a saved run (--save DIR)."
        )


class ExporterError(ContractError):
    """An exporter raised, or returned what cannot be written."""

    exit_code = 4

    def __init__(
        self, exporter: str, cause: BaseException | str, origin: str = ""
    ) -> None:
        """
        Name *exporter*, a kind of export, and *cause*, what it raised or did wrong.

        *origin* is the plug-in that the exporter belongs to; empty for a built-in one.
        """
        of = f" of {origin}" if origin else ""
        why = cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"
        super().__init__(f"exporter {exporter}{of} is broken: {why}. Please report it.")


def surrender(error: BaseException) -> CannotJudge | None:
    """
    Return what *error* means if compiled code or the memory gave up; None otherwise.

    Extension modules written in Rust panic with a `PanicException`, which is no
    `Exception`: no handler of exceptions sees it, and it ends the program.
    """
    if isinstance(error, CannotJudge):
        return error
    if isinstance(error, MemoryError):
        return CannotJudge("cannot be judged: the memory of this machine is used up")
    if isinstance(error, (Exception, *INTERRUPTIONS)):
        return None
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return CannotJudge(f"cannot be judged: compiled code failed ({text[:_LONGEST]})")


@contextmanager
def fenced() -> Iterator[None]:
    """
    Raise `CannotJudge` where compiled code in the block panics or memory runs out.

    Usage::

        with fenced():
            tokens = encoding.encode_ordinary(text)
    """
    try:
        yield
    except BaseException as error:
        reason = surrender(error)
        if reason is None or reason is error:
            raise
        raise reason from error
