"""Strategies for conversations: orders of roles, parts, images, tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import cycle, product
from typing import TYPE_CHECKING

from contract.model.chat import Image, Message, Part, Text, Thinking, ToolCall
from contract.model.probes import WEATHER
from contract.model.profile import Capability
from contract.strategies.images import images
from contract.strategies.texts import phrases

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Turns = tuple[Message, ...]
Offers = frozenset[Capability]
# Steps of a conversation. A system message, plain or with a reasoning template.
SYSTEM, TEMPLATE = "system", "system with reasoning"
# A user message of plain text, or of parts: T is a text, I an image.
PLAIN, PARTS = "text", ("T", "TI", "IT", "TIT", "TT")
# The response to it: an answer, an answer after reasoning, one call, two calls.
ANSWERED, REASONED, CALLED, CALLED_TWICE = "answered", "reasoned", "called", "calls"
# An assistant message to be continued.
BEGUN = "begun"
# Mistral's API requires ids of nine letters and digits.
CALLS = (
    ToolCall("A1b2C3d4E", WEATHER.name, '{"city": "Paris"}'),
    ToolCall("f5G6h7I8j", WEATHER.name, '{"city": "北京"}'),
)


@cache
def skeletons(offers: Offers) -> tuple[tuple[str, ...], ...]:
    """
    Return the sequences of steps of which a conversation may consist, shortest first.

    Each is an optional system message, up to two questions with their responses, the
    last question, and an optional beginning of its answer.
    """
    vision = Capability.VISION in offers
    questions = (PLAIN, *(p for p in PARTS if vision or "I" not in p))
    reasoning = Capability.THINKING_INPUT in offers
    answers = [ANSWERED, *([REASONED] if reasoning else [])]
    answers += [CALLED, CALLED_TWICE] if Capability.TOOLS in offers else []
    systems = [(), (SYSTEM,), *([(TEMPLATE,)] if reasoning else [])]
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


def messages(skeleton: Sequence[str], texts: Sequence[str], image: Image) -> Turns:
    """
    Return the messages of *skeleton*, one of the sequences of `skeletons`.

    Each place for a text takes the next of *texts*, in rotation, and each place for an
    image takes *image*.
    """
    source = cycle(texts)
    return tuple(turn for step in skeleton for turn in _turns(step, source, image))


def _turns(step: str, texts: Iterator[str], image: Image) -> Iterator[Message]:
    if step == SYSTEM:
        yield Message("system", next(texts))
    elif step == TEMPLATE:
        parts = (Text(next(texts)), Thinking(next(texts)), Text(next(texts)))
        yield Message("system", parts)
    elif step == ANSWERED:
        yield Message("assistant", next(texts))
    elif step == REASONED:
        yield Message("assistant", (Thinking(next(texts)), Text(next(texts))))
    elif step in {CALLED, CALLED_TWICE}:
        calls = CALLS[: 1 if step == CALLED else 2]
        yield Message("assistant", tool_calls=calls)
        for call in calls:
            yield Message("tool", next(texts), tool_call_id=call.id)
        yield Message("assistant", next(texts))
    elif step == BEGUN:
        yield Message("assistant", next(texts), prefix=True)
    elif step == PLAIN:
        yield Message("user", next(texts))
    else:
        content = (image if part == "I" else Text(next(texts)) for part in step)
        yield Message("user", tuple[Part, ...](content))


@cache
def conversations(offers: Offers) -> SearchStrategy[Turns]:
    """
    Draw the messages of a conversation that ends with a question.

    It has images, tool calls, reasoning and answers to be continued only as far as
    the *offers* of the server allow.
    """
    from hypothesis import strategies as st

    sequences = st.sampled_from(skeletons(offers))
    image = images() if Capability.VISION in offers else st.just(Image())
    return st.tuples(sequences, phrases(), image).map(lambda drawn: messages(*drawn))
