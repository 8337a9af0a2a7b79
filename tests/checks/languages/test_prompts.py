"""Prompt language checks: the requests they send, and one misread text among many."""

import json

import pytest
from support.rehearsal import mock_reply, overcharged_exchange

from contract.catalog.profiles import builtin
from contract.checks.combined.sentences import SENTENCES
from contract.checks.languages.prompts import (
    LANGUAGES,
    ROLES,
    TOOL,
    each_is_read,
    every_role_is_read,
    tools_are_read,
)
from contract.model.check import NotApplicable
from contract.model.wire import build_request

PROFILES = builtin()
VLLM = PROFILES["vllm-0.32"]


def test_each_language_is_sent_as_utf_8():
    bodies = [build_request(probe, VLLM, "m").body for probe in LANGUAGES]

    assert [
        text.encode() in body
        for text, body in zip(SENTENCES.values(), bodies, strict=True)
    ] == [True] * 24


def test_all_roles_of_text_are_sent():
    roles = {message.role for message in ROLES.messages}
    kinds = {type(message.content) for message in ROLES.messages}

    assert {"system", "user", "assistant"} == roles
    assert {str, tuple} == kinds


def test_the_tool_has_a_description_and_must_not_be_called():
    body = json.loads(build_request(TOOL, VLLM, "m").body)

    assert body["tool_choice"] == "none"
    assert not body["tools"][0]["function"]["description"].isascii()
    assert mock_reply(VLLM, TOOL).status == 200


@pytest.mark.parametrize(
    "check", [each_is_read, every_role_is_read, tools_are_read], ids=lambda c: c.id
)
@pytest.mark.parametrize("wrong", [1, -1])
def test_one_misread_text_is_a_finding(check, wrong):
    for place in range(1, len(check.sends)):
        exchanges = [
            overcharged_exchange(VLLM, probe, wrong if number == place else 0)
            for number, probe in enumerate(check.sends)
        ]
        found = list(check.judge(*exchanges))

        assert [check.sends[place].name in one.message for one in found] == [True]


def test_a_reply_without_a_count_is_skipped():
    exchanges = [
        overcharged_exchange(VLLM, probe, 0.5) for probe in every_role_is_read.sends
    ]

    with pytest.raises(NotApplicable):
        list(every_role_is_read.judge(*exchanges))
