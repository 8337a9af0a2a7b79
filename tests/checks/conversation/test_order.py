"""Message order checks: the requests they send, and the rejections of the mock."""

import json

import pytest
from support.rehearsal import mock_reply

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
def test_only_mistral_2025_rejects_a_user_message_after_a_tool_result(name):
    reply = mock_reply(PROFILES[name], AFTER_TOOL)
    rejected = name == "mistral-2025-10"

    assert rejected == (reply.status == 400)
    assert rejected == (user_may_follow_tool.unless in PROFILES[name].tolerates)


@pytest.mark.parametrize("name", PROFILES)
def test_only_the_closed_schema_rejects_a_named_message(name):
    reply = mock_reply(PROFILES[name], NAMED)
    # Whether Mistral's /v1/responses refuses it is not known, so both are tolerated.
    unknown = name == "mistral-responses"
    rejected = name.startswith("mistral-") and not unknown

    assert rejected == (reply.status == 422)
    assert (rejected or unknown) == (
        messages_may_be_named.unless in PROFILES[name].tolerates
    )


def test_the_name_is_sent_inside_the_message():
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
def test_a_rejection_states_its_reason(fault, probe, word):
    reply = fault.apply(mock_reply(PROFILES["vllm-0.32"], probe))

    assert reply.status == 400
    assert word in json.dumps(reply.json)
