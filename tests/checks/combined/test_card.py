"""The system prompt of the model card, as each dialect spells it."""

from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.checks.combined import card
from contract.checks.reasoning.card_prompt import CHUNKS
from contract.model.chat import Text, Thinking
from contract.model.think import CLOSE, OPEN
from contract.model.wire import build_request


def content(profile):
    """What the request of a profile holds in its system message."""
    body = json.loads(build_request(CHUNKS, builtin()[profile], "m").body)
    messages = body.get("messages", body.get("input"))
    return messages[0]["content"]


def test_the_parts_are_the_whole_text():
    first, thought, last = card.SYSTEM.parts

    assert (Text, Thinking, Text) == (type(first), type(thought), type(last))
    assert card.PROMPT_TEXT == f"{first.text}{OPEN}{thought.text}{CLOSE}{last.text}"


@pytest.mark.parametrize("profile", ["mistral-2025-10", "vllm-0.16", "vllm-0.32"])
def test_where_there_are_chunks_the_template_is_one(profile):
    kinds = [chunk["type"] for chunk in content(profile)]

    assert kinds == ["text", "thinking", "text"]
    assert card.TEMPLATE in json.dumps(content(profile)[1])


@pytest.mark.parametrize("profile", ["llamacpp", "transformers"])
def test_elsewhere_the_markers_are_in_the_text(profile):
    assert card.PROMPT_TEXT in json.dumps(content(profile)).encode().decode(
        "unicode_escape"
    )


def test_responses_have_the_template_as_text():
    texts = [part["text"] for part in content("vllm-responses")]

    assert "".join(texts) == card.PROMPT_TEXT


def test_the_successors_are_sent_no_template():
    assert card.TEMPLATE not in json.dumps(content("mistral-2026-08"))
