"""The shared prompts hold what each check that relies on them asks for by itself."""

from __future__ import annotations

import pytest
from support.rehearsal import chat_request

from contract.catalog.profiles import builtin
from contract.checks.combined.prompts import EVERY_TEXT, TOOL_TURNS, UNUSUAL_ORDER
from contract.checks.combined.sentences import SENTENCES
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.tokens import counting

SHARED = (EVERY_TEXT, TOOL_TURNS, UNUSUAL_ORDER)


def relying(probe):
    """The checks that *probe* settles."""
    return {
        one.id
        for one in find("checks", Check).values()
        if any(probe in combined.sends for combined in one.combined)
    }


@pytest.mark.parametrize("probe", SHARED, ids=lambda probe: probe.name)
def test_each_prompt_is_shared_by_several_checks(probe):
    assert len(relying(probe)) >= 3


@pytest.mark.parametrize("language", SENTENCES)
def test_every_language_is_in_it(language):
    assert SENTENCES[language] in {turn.text for turn in EVERY_TEXT.messages}


@pytest.mark.parametrize("place", range(len(EVERY_TEXT.messages)))
def test_each_message_costs_tokens_that_its_loss_would_save(place):
    turns = EVERY_TEXT.messages
    whole, rest = (
        sum(counting.count_text(turn.text) for turn in some)
        for some in (turns, turns[:place] + turns[place + 1 :])
    )

    assert whole > rest


@pytest.mark.parametrize("name", builtin())
def test_calls_with_null_and_absent_content_are_sent_as_such(name):
    profile = builtin()[name]
    body = chat_request(TOOL_TURNS, profile)
    calls = [one for one in body["messages"] if one.get("tool_calls")]

    # /v1/responses tells both by the lack of a message item, which is read as null.
    absent = profile.dialect.surface is None
    assert ["content" not in one for one in calls] == [False, absent, False]
    assert calls[0]["content"] is None
    assert calls[1].get("content") is None
    assert calls[2]["content"]


def test_the_roles_follow_each_other_as_no_strict_template_allows():
    roles = [turn.role for turn in UNUSUAL_ORDER.messages]

    assert roles == ["user", "system", "system", "user", "user"]
