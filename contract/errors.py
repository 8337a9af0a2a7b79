"""
Exceptions for errors of the user and of this tool; errors of a server are findings.

    ContractError
    |-- UsageError    the command line, a file or an option is wrong     exit 2
    |-- SpecError     openapi.yaml or a built-in profile is wrong        exit 2
    |-- TargetError   a target could not be started or reached           exit 3
    |   `-- EndpointError   its chat endpoint is of no use to a client   exit 1
    |-- CheckError    a check itself raised: a bug in the check          exit 4
    `-- ReporterError a reporter itself raised: a bug in the reporter    exit 4
"""

from __future__ import annotations

from contract.model.redaction import sanitise


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


class CheckError(ContractError):
    """A check raised instead of yielding findings."""

    exit_code = 4

    def __init__(self, check: str, cause: BaseException) -> None:
        """*check* is the id of the check, *cause* the exception that it raised."""
        self.check = check
        super().__init__(
            f"check {check} is broken: {type(cause).__name__}: {cause}. "
            "Please report it together with the saved exchange (--save DIR)."
        )


class ReporterError(ContractError):
    """A reporter raised instead of returning text."""

    exit_code = 4

    def __init__(self, reporter: str, cause: BaseException) -> None:
        """*reporter* is the kind of report, *cause* the exception that it raised."""
        super().__init__(
            f"reporter {reporter} is broken: {type(cause).__name__}: {cause}. "
            "Please report it together with a saved run (--save DIR)."
        )
