"""Conversations: who speaks when, in parts, with pictures, with tools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import cycle, product
from typing import TYPE_CHECKING

from contract.chat import Image, Message, Part, Text, ToolCall
from contract.probes import WEATHER
from contract.strategies.images import images
from contract.strategies.texts import texts

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Turns = tuple[Message, ...]
# How a question may be put: as plain text, or in parts, with I where a picture goes.
PLAIN, PARTS = "text", ("T", "TI", "IT", "TIT")
ANSWERED, CALLED, CALLED_TWICE = "answered", "called", "called twice"
# Mistral demands ids of nine letters and digits.
CALLS = (
    ToolCall("A1b2C3d4E", WEATHER.name, '{"city": "Paris"}'),
    ToolCall("f5G6h7I8j", WEATHER.name, '{"city": "北京"}'),
)
MOST_TEXTS = 3  # different ones; a long conversation repeats them


@cache
def skeletons(*, seeing: bool, tools: bool) -> tuple[tuple[str, ...], ...]:
    """
    The ways a conversation may go, the shortest first: who speaks, and how.

    `system`, then questions and what they got, then the last question.
    """
    questions = (PLAIN, *(PARTS if seeing else PARTS[:1]))
    answers = (ANSWERED, CALLED, CALLED_TWICE) if tools else (ANSWERED,)
    before: list[tuple[str, ...]] = [()]
    before += product(questions, answers)
    before += [
        (one, answer, PLAIN, ANSWERED) for one, answer in product(questions, answers)
    ]
    made = [
        (*system, *turns, last)
        for system in ((), ("system",))
        for turns in before
        for last in questions
    ]
    return tuple(sorted(made, key=len))


def told(skeleton: Sequence[str], words: Sequence[str], image: Image) -> Turns:
    """*skeleton* with *words*, in turn, wherever something is said."""
    said = cycle(words)
    turns: list[Message] = []
    for step in skeleton:
        if step == "system":
            turns.append(Message("system", next(said)))
        elif step == ANSWERED:
            turns.append(Message("assistant", next(said)))
        elif step in {CALLED, CALLED_TWICE}:
            calls = CALLS[: 1 if step == CALLED else 2]
            turns.append(Message("assistant", tool_calls=calls))
            turns += [Message("tool", next(said), tool_call_id=c.id) for c in calls]
            turns.append(Message("assistant", next(said)))
        elif step == PLAIN:
            turns.append(Message("user", next(said)))
        else:
            parts: tuple[Part, ...] = tuple(
                image if part == "I" else Text(next(said)) for part in step
            )
            turns.append(Message("user", parts))
    return tuple(turns)


@cache
def conversations(*, seeing: bool, tools: bool) -> SearchStrategy[Turns]:
    """
    Perhaps a system message, some exchanges, and a question to be answered.

    With pictures for those who are *seeing*, by way of calls where there are *tools*.
    """
    from hypothesis import strategies as st

    ways = st.sampled_from(skeletons(seeing=seeing, tools=tools))
    words = st.lists(texts(), min_size=1, max_size=MOST_TEXTS)
    if not seeing:
        return st.tuples(ways, words).map(lambda drawn: told(*drawn, Image()))
    return st.tuples(ways, words, images()).map(lambda drawn: told(*drawn))
