"""The output of a program: the result that it printed, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from contract.model.chat import Json
from contract.model.strict_json import MISSING, read_json

MEMBERS = ("answer", "reasoning", "tool_calls", "usage", "finish_reason", "error")
"""The members of a result; a program leaves out what it does not know."""

MOST = 16 * 2**20
"""Bytes of a result; what a program prints beyond them ends it."""


class Trouble(StrEnum):
    """Why there is no result that can be judged."""

    HUNG = "hung"  # it did not end in time
    FLOODED = "flooded"  # it printed more than is read
    SILENT = "silent"  # it printed nothing
    GARBAGE = "garbage"  # what it printed holds no result
    DIED = "died"  # it ended with an error and without a result
    NOT_STARTED = "not-started"  # the command cannot be run


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a program printed for one scenario, and how it ended."""

    # The members of its result; empty if there is none.
    result: Mapping[str, Json] = field(default_factory=dict)
    # Why there is no result; None if there is one.
    trouble: Trouble | None = None
    # The trouble in words, a clause without a full stop; empty without any.
    reason: str = ""
    # The exit code, negative for a signal; None if it had to be ended, or still runs.
    code: int | None = 0
    # How many processes that it had started were running when it ended.
    left_behind: int = 0
    # The last line that it wrote to standard error; empty if there is none.
    last_line: str = ""

    def has(self, member: str) -> bool:
        """Return whether the result has *member*, whatever its value."""
        return member in self.result

    @property
    def error(self) -> Mapping[str, Json] | None:
        """The error of the result; None without one."""
        error = self.result.get("error")
        if isinstance(error, dict):
            return error
        return {"message": error} if isinstance(error, str) and error else None

    @property
    def answer(self) -> str | None:
        """The answer's text; None if it is null or missing."""
        answer = self.result.get("answer")
        return answer if isinstance(answer, str) else None

    @property
    def reasoning(self) -> str:
        """The reasoning's text; empty if there is none."""
        reasoning = self.result.get("reasoning")
        return reasoning if isinstance(reasoning, str) else ""

    @property
    def tool_calls(self) -> tuple[Mapping[str, Json], ...]:
        """The tool calls of the result, those that are objects."""
        calls = self.result.get("tool_calls")
        return tuple(
            call
            for call in (calls if isinstance(calls, list) else ())
            if isinstance(call, dict)
        )


def read_result(raw: bytes) -> Mapping[str, Json] | None:
    """
    Return the result in *raw*: its last line that is an object with a known member.

    So a program may print other lines before. None if there is no such line. A whole
    text that is one such object, over several lines, is a result too.
    """
    for line in (*reversed(raw.splitlines()), raw):
        text = line.strip()
        if not (text.startswith(b"{") and text.endswith(b"}")):
            continue
        value = read_json(text)
        if (
            value is not MISSING
            and isinstance(value, dict)
            and any(member in value for member in MEMBERS)
        ):
            return value
    return None
