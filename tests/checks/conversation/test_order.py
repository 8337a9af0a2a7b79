"""Roles in a row, as each provider documents them."""

import json

import pytest
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.checks.conversation import order
from contract.checks.conversation.order import (
    AFTER_TOOL,
    LATE_SYSTEM,
    NAMED,
    TWO_SYSTEMS,
    TWO_USERS,
    messages_may_be_named,
    user_may_follow_tool,
)
from contract.model.wire import build_request

PROFILES = builtin()


@pytest.mark.parametrize(
    ("probe", "roles"),
    [
        (TWO_USERS, ["user", "user"]),
        (TWO_SYSTEMS, ["system", "system", "user"]),
        (LATE_SYSTEM, ["user", "system", "user"]),
        (AFTER_TOOL, ["user", "assistant", "tool", "user"]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_roles_are_sent_in_that_order(probe, roles):
    body = json.loads(build_request(probe, PROFILES["vllm-0.32"], "m").body)

    assert roles == [message["role"] for message in body["messages"]]


@pytest.mark.parametrize("name", PROFILES)
def test_a_user_after_a_tool_is_refused_only_by_the_rule_of_2025(name):
    reply = told(PROFILES[name], AFTER_TOOL)
    former = name == "mistral-2025-10"

    assert former == (reply.status == 400)
    assert former == (user_may_follow_tool.unless in PROFILES[name].tolerates)


@pytest.mark.parametrize("name", PROFILES)
def test_a_name_is_refused_only_by_the_closed_schema(name):
    reply = told(PROFILES[name], NAMED)
    hosted = name.startswith("mistral-")

    assert hosted == (reply.status == 422)
    assert hosted == (messages_may_be_named.unless in PROFILES[name].tolerates)


def test_a_name_stands_in_the_message():
    body = json.loads(build_request(NAMED, PROFILES["vllm-0.32"], "m").body)

    assert body["messages"][0]["name"] == "Ann"


@pytest.mark.parametrize(
    ("fault", "probe", "word"),
    [
        (order.late_system_refused, LATE_SYSTEM, "System message must be"),
        (order.user_after_tool_refused, AFTER_TOOL, "Unexpected role 'user'"),
        (order.named_message_refused, NAMED, "unexpected field"),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_a_refusal_says_why(fault, probe, word):
    reply = fault.apply(told(PROFILES["vllm-0.32"], probe))

    assert reply.status == 400
    assert word in json.dumps(reply.json)
