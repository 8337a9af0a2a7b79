"""History checks: earlier turns, reasoning, tool calls and results."""

import json

import pytest
from support.rehearsal import chat_request, overcharged_exchange

from contract.catalog.profiles import builtin
from contract.checks.conversation.history import (
    ALL_TURNS,
    LONG_CALL_TURN,
    LONG_REASONING,
    LONG_RESULT_TURN,
    LONG_SYSTEM_TURN,
    SHORT_REASONING,
    SHORT_TURN,
    SYSTEM_TURN,
    WITHOUT,
    history_is_kept,
)
from contract.model.chat import Thinking
from contract.model.dialect import Dialect
from contract.model.wire import build_request
from contract.tokens import counting

PROFILES = builtin()


def test_each_earlier_message_is_left_out_once():
    left_out = [
        [turn for turn in ALL_TURNS.messages if turn not in probe.messages]
        for probe in WITHOUT
    ]

    assert [[turn] for turn in ALL_TURNS.messages[:-1]] == left_out


@pytest.mark.parametrize("place", range(len(WITHOUT)))
def test_a_finding_names_the_missing_message(place):
    profile = PROFILES["vllm-0.32"]
    everything = overcharged_exchange(profile, ALL_TURNS, 0)
    without = [
        overcharged_exchange(profile, probe, 3 if number == place else 0)
        for number, probe in enumerate(WITHOUT)
    ]

    found = list(history_is_kept.judge(everything, *without))

    assert len(found) == 1
    assert ALL_TURNS.messages[place].text in found[0].message


@pytest.mark.parametrize(
    ("longer", "shorter"),
    [
        (LONG_RESULT_TURN, SHORT_TURN),
        (LONG_CALL_TURN, SHORT_TURN),
        (LONG_SYSTEM_TURN, SYSTEM_TURN),
        (LONG_REASONING, SHORT_REASONING),
    ],
    ids=lambda probe: probe.name,
)
@pytest.mark.parametrize("name", PROFILES)
def test_the_longer_request_costs_more_in_each_dialect(name, longer, shorter):
    dialect: Dialect = PROFILES[name].dialect
    counts = [
        counting.prompt(dialect.parse(chat_request(probe, PROFILES[name])))
        for probe in (longer, shorter)
    ]

    assert counts[0] > counts[1]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("mistral-2025-10", "content"),
        ("vllm-0.32", "reasoning"),
        ("llamacpp", "reasoning_content"),
        ("inline", "content"),
    ],
)
def test_reasoning_is_replayed_in_the_field_of_the_dialect(name, place):
    body = json.loads(build_request(LONG_REASONING, PROFILES[name], "m").body)

    assert "zebra" in json.dumps(body["messages"][1][place])
    assert any(isinstance(part, Thinking) for part in LONG_REASONING.messages[1].parts)
