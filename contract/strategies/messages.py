"""Conversations: who speaks when, in parts, with pictures, with tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import cycle, product
from typing import TYPE_CHECKING

from contract.model.chat import (
    Image,
    Message,
    Part,
    Text,
    Thinking,
    ToolCall,
)
from contract.model.probes import WEATHER
from contract.model.profile import Capability
from contract.strategies.images import images
from contract.strategies.texts import phrases

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Turns = tuple[Message, ...]
Offers = frozenset[Capability]
# What may stand before the first question: instructions, perhaps with a thought.
SYSTEM, TEMPLATE = "system", "system with a thought"
# How a question may be put: as plain text, or in parts, with I where a picture goes.
PLAIN, PARTS = "text", ("T", "TI", "IT", "TIT", "TT")
# What it may have got: an answer, an answer after a thought, one call or two.
ANSWERED, THOUGHT, CALLED, CALLED_TWICE = "answered", "thought", "called", "calls"
# The answer has begun, and is to be continued.
BEGUN = "begun"
# Mistral demands ids of nine letters and digits.
CALLS = (
    ToolCall("A1b2C3d4E", WEATHER.name, '{"city": "Paris"}'),
    ToolCall("f5G6h7I8j", WEATHER.name, '{"city": "北京"}'),
)


@cache
def skeletons(offers: Offers) -> tuple[tuple[str, ...], ...]:
    """
    The ways a conversation may go, the shortest first: who speaks, and how.

    Instructions, then questions and what they got, then the last question, and
    perhaps the beginning of its answer.
    """
    seeing = Capability.VISION in offers
    questions = (PLAIN, *(p for p in PARTS if seeing or "I" not in p))
    thinking = Capability.THINKING_INPUT in offers
    answers = [ANSWERED, *([THOUGHT] if thinking else [])]
    answers += [CALLED, CALLED_TWICE] if Capability.TOOLS in offers else []
    systems = [(), (SYSTEM,), *([(TEMPLATE,)] if thinking else [])]
    ends = [(), *([(BEGUN,)] if Capability.PREFIX in offers else [])]
    before: list[tuple[str, ...]] = [()]
    before += product(questions, answers)
    before += [
        (one, answer, PLAIN, ANSWERED) for one, answer in product(questions, answers)
    ]
    made = [
        (*system, *turns, last, *end)
        for system, turns, last, end in product(systems, before, questions, ends)
    ]
    return tuple(sorted(made, key=len))


def told(skeleton: Sequence[str], words: Sequence[str], image: Image) -> Turns:
    """*skeleton* with *words*, in turn, wherever something is said."""
    said = cycle(words)
    return tuple(turn for step in skeleton for turn in _turns(step, said, image))


def _turns(step: str, said: Iterator[str], image: Image) -> Iterator[Message]:
    if step == SYSTEM:
        yield Message("system", next(said))
    elif step == TEMPLATE:
        parts = (Text(next(said)), Thinking(next(said)), Text(next(said)))
        yield Message("system", parts)
    elif step == ANSWERED:
        yield Message("assistant", next(said))
    elif step == THOUGHT:
        yield Message("assistant", (Thinking(next(said)), Text(next(said))))
    elif step in {CALLED, CALLED_TWICE}:
        calls = CALLS[: 1 if step == CALLED else 2]
        yield Message("assistant", tool_calls=calls)
        for call in calls:
            yield Message("tool", next(said), tool_call_id=call.id)
        yield Message("assistant", next(said))
    elif step == BEGUN:
        yield Message("assistant", next(said), prefix=True)
    elif step == PLAIN:
        yield Message("user", next(said))
    else:
        shown = (image if part == "I" else Text(next(said)) for part in step)
        yield Message("user", tuple[Part, ...](shown))


@cache
def conversations(offers: Offers) -> SearchStrategy[Turns]:
    """
    Perhaps instructions, some exchanges, and a question to be answered.

    With pictures, calls, thoughts and begun answers where the *offers* allow them.
    """
    from hypothesis import strategies as st

    ways = st.sampled_from(skeletons(offers))
    shown = images() if Capability.VISION in offers else st.just(Image())
    return st.tuples(ways, phrases(), shown).map(lambda drawn: told(*drawn))
