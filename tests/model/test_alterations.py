"""Alterations: they change what `identify` reads, and nothing but answered chats."""

from __future__ import annotations

import pytest

from contract.catalog.changes import changes_by_name
from contract.model.alterations import ALTERATIONS
from contract.model.probes import LIST_MODELS, SUM_WHOLE
from contract.testing.rehearsal import clean


@pytest.mark.parametrize("name", ALTERATIONS)
def test_only_chats_are_altered(name):
    models = clean("vllm-0.32").reply(LIST_MODELS)

    assert ALTERATIONS[name](models) is models
    assert changes_by_name()[name] is ALTERATIONS[name]


def test_a_hidden_system_prompt_is_billed():
    before = clean("vllm-0.32").reply(SUM_WHOLE)
    after = ALTERATIONS["system-prompt-hidden"](before)

    more = after.json["usage"]["prompt_tokens"] - before.json["usage"]["prompt_tokens"]
    assert more == 41
    assert after.json["choices"] == before.json["choices"]


def test_an_ignored_effort_writes_no_thought_twice():
    before = clean("vllm-0.32").reply(SUM_WHOLE)

    assert ALTERATIONS["effort-ignored"](before) == before
    assert ALTERATIONS["effort-lowered"](before) != before
