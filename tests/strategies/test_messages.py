"""Conversations: every step that a server offers, with its texts in turn."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.model.chat import Image, Message, Text
from contract.strategies.messages import CALLS, messages, skeletons

PROFILES = builtin()


@pytest.mark.parametrize("name", PROFILES)
def test_every_offered_step_occurs(name):
    offers = PROFILES[name].offers
    steps = {step for skeleton in skeletons(offers) for step in skeleton}

    assert {"text", "T", "TT", "answered", "called", "calls", "system"} <= steps
    assert ("prefix" in offers) == ("begun" in steps)
    assert ("thinking-input" in offers) == ("reasoned" in steps)


def test_the_shortest_conversation_is_one_question():
    first, *_ = skeletons(PROFILES["mistral-2025-10"].offers)

    assert ("text",) == first


def test_texts_are_placed_in_turn_and_calls_have_results():
    image = Image(b"picture")
    made = messages(("system", "TIT", "calls", "text"), ("a", "b"), image)

    assert (
        Message("system", "a"),
        Message("user", (Text("b"), image, Text("a"))),
        Message("assistant", tool_calls=CALLS),
        Message("tool", "b", tool_call_id=CALLS[0].id),
        Message("tool", "a", tool_call_id=CALLS[1].id),
        Message("assistant", "b"),
        Message("user", "a"),
    ) == made
