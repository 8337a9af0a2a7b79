"""Custom answers of the mock: which requests get one, and what they get, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import jsonschema_rs

from contract.model.chat import PieceKind
from contract.model.probe import Probe


class AtEnd(StrEnum):
    """What a request gets after the last reply of an entry."""

    REPEAT = "repeat"  # the last reply again
    CYCLE = "cycle"  # the first reply, and so on
    NEXT = "next"  # the answer of the next entry that matches, or the built-in one


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomError:
    """An error instead of an answer."""

    # HTTP status, 400 to 599.
    status: int
    # The sentence in the dialect's error body; empty for the dialect's own.
    message: str = ""
    # Seconds in the header Retry-After; None sends none.
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomReply:
    """
    One reply. Its tokens are counted unless they are given.

    Usage: `CustomReply(thought="Easy.", answer="42")`.
    """

    # The reasoning; None for none.
    thought: str | None = None
    # The answer's text; None for none.
    answer: str | None = None
    # Reasoning and answers in the order in which they are generated, in place of both.
    parts: tuple[tuple[PieceKind, str], ...] = ()
    # The calls, as (name of the tool, arguments as JSON text).
    tool_calls: tuple[tuple[str, str], ...] = ()
    # The finish reason; empty for the one that follows from the output.
    finish: str = ""
    # Tokens to report in place of the counted ones.
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    # Seconds until the first text, and between texts, in place of the mock's plan.
    ttft: float | None = None
    icl: float | None = None
    error: CustomError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The replies to the requests that meet all of its conditions."""

    replies: tuple[CustomReply, ...]
    at_end: AtEnd = AtEnd.REPEAT
    # Text that occurs in the last user message or in what follows it; letters may
    # differ in case. Empty: any.
    text: str = ""
    # Regular expression that matches a part of it; empty: any.
    pattern: str = ""
    # Name of the requested model; empty: any.
    model: str = ""
    # Number of the turn: 1 before any message of the assistant. None: any.
    turn: int | None = None
    # Names of tools that the request must offer, among others; empty means that it must
    # offer none. None: any.
    tools: tuple[str, ...] | None = None

    def matches(self, probe: Probe) -> bool:
        """Return whether the request *probe* meets all conditions."""
        turn = 1 + sum(message.role == "assistant" for message in probe.messages)
        offered = {tool.name for tool in probe.options.tools}
        if self.turn not in {None, turn} or self.model not in {"", probe.model}:
            return False
        if self.tools is not None and (
            not offered.issuperset(self.tools) or (offered and not self.tools)
        ):
            return False
        if not self.text and not self.pattern:
            return True
        asked = _asked(probe)
        return self.text.lower() in asked.lower() and (
            not self.pattern or bool(searcher(self.pattern).is_valid(asked))
        )


@lru_cache(maxsize=1_024)
def searcher(pattern: str) -> Any:
    """
    Return a validator whose `is_valid` searches a text for *pattern* in linear time.

    Look-around and references back need more time, so they are refused: raises
    `ValueError` for a pattern that cannot be used.
    """
    return jsonschema_rs.validator_for(
        {"type": "string", "pattern": pattern},
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def _asked(probe: Probe) -> str:
    """Return the text of the last user message and of all that follow it."""
    texts: list[str] = []
    for message in reversed(probe.messages):
        texts.insert(0, message.text)
        if message.role == "user":
            break
    return "\n".join(texts)


class Answers:
    """
    Entries in order, with a count of the replies that each has given.

    Usage: `Answers([Entry(text="frog", replies=(CustomReply(answer="Quack."),))])`.
    """

    def __init__(self, entries: tuple[Entry, ...] = ()) -> None:
        """*entries* are asked in order; the first that matches answers."""
        self.entries = entries
        self._given = [0] * len(entries)

    def matching(self, probe: Probe) -> Iterator[int]:
        """Yield the numbers of the entries that match *probe*."""
        for number, entry in enumerate(self.entries):
            if entry.matches(probe):
                yield number
                if entry.at_end is not AtEnd.NEXT:
                    return

    def take(self, numbers: tuple[int, ...]) -> CustomReply | None:
        """
        Return the next reply of the entries *numbers*, and count it.

        None if all of them have given all that they have.
        """
        for number in numbers:
            entry, given = self.entries[number], self._given[number]
            if entry.at_end is AtEnd.NEXT and given >= len(entry.replies):
                continue
            self._given[number] += 1
            last = len(entry.replies) - 1
            if entry.at_end is AtEnd.CYCLE:
                return entry.replies[given % len(entry.replies)]
            return entry.replies[min(given, last)]
        return None
