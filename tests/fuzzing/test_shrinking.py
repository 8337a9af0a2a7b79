"""A failing request is reduced to the parts that the failure needs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from contract.client.session import NotAnswering
from contract.fuzzing.events import Failure
from contract.fuzzing.shrinking import MAX_ATTEMPTS, smallest_request
from contract.model.chat import CHAT
from contract.model.profile import Profile
from contract.model.reply import JSON_TYPE, Reply
from contract.model.wire import Request
from contract.schema import openapi
from contract.testing.rehearsal import Rehearsal, changed, clean

VLLM = clean("vllm-0.32")
BODY = {
    "model": "magistral-small-2509",
    "messages": [
        {"role": "system", "content": "Be brief and kind."},
        {"role": "user", "content": "What is 6 times 7?"},
    ],
    "temperature": 0.7,
    "top_p": 0.95,
    "max_tokens": 64,
}


@dataclass
class Counted:
    """A session that counts what is sent."""

    rehearsal: Rehearsal
    sent: int = 0

    def send(self, probe):
        self.sent += 1
        return self.rehearsal.send(probe)


@dataclass
class Verification:
    """The parts of a verification that are needed to send again."""

    session: Counted
    profile: Profile = VLLM.profile


def failing(body=BODY, status=200, path=CHAT, method="POST"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Failure("wrong", "right", Request(method, path, (), raw), status, "")


def reduced(name, failure, change):
    session = Counted(changed("vllm-0.32", change))
    smallest = smallest_request(Verification(session), name, failure)
    return json.loads(smallest.body), session.sent


def hot_crashes(reply: Reply) -> Reply:
    if reply.probe is None or not reply.probe.options.temperature:
        return reply
    crashed = reply.with_status(500).with_header(*JSON_TYPE)
    return crashed.with_json({"detail": "Internal Server Error"})


def without_choices(reply: Reply) -> Reply:
    if reply.probe is None or reply.probe.options.top_p is None:
        return reply
    return reply.change(lambda v: {k: w for k, w in v.items() if k != "choices"})


def wrong_total(reply: Reply) -> Reply:
    def change(value):
        if isinstance(value, dict) and isinstance(value.get("usage"), dict):
            value["usage"]["total_tokens"] += 1
        return value

    return reply.change(change)


def test_a_server_error_keeps_the_option_that_causes_it():
    body, sent = reduced("not_a_server_error", failing(status=500), hot_crashes)

    assert {"model", "messages", "temperature"} >= set(body) >= {"temperature"}
    assert 1 == len(body["messages"])
    assert sent <= MAX_ATTEMPTS


def test_a_violated_schema_keeps_the_option_that_causes_it():
    body, _ = reduced("response_schema_conformance", failing(), without_choices)

    assert "top_p" in body
    assert not {"temperature", "max_tokens"} & set(body)


def test_a_finding_of_a_check_is_reproduced_by_the_check():
    body, _ = reduced("usage_sums_up", failing(), wrong_total)

    assert not {"temperature", "top_p", "max_tokens"} & set(body)
    assert 1 == len(body["messages"])


def test_a_reduced_request_stays_valid():
    body, _ = reduced("usage_sums_up", failing(), wrong_total)

    assert "messages" in body
    assert {"role", "content"} <= set(body["messages"][0])


def test_an_accepted_invalid_request_stays_invalid():
    invalid = {**BODY, "temperature": "hot"}

    def accepts(reply):
        if reply.rejection is None:
            return reply
        return reply.with_status(200)

    body, _ = reduced("negative_data_rejection", failing(invalid), accepts)

    assert len(body) < len(invalid)
    assert not openapi.accepts(VLLM.profile.dialect.prefix + "ChatRequest", body)


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        pytest.param("not_a_server_error", failing(path="/v1/models"), id="path"),
        pytest.param("not_a_server_error", failing(method="GET"), id="method"),
        pytest.param("not_a_server_error", failing(b"{"), id="not-json"),
        pytest.param("use_after_free", failing(), id="another-check"),
    ],
)
def test_other_requests_are_not_reduced_and_nothing_is_sent(name, failure):
    session = Counted(VLLM)

    assert smallest_request(Verification(session), name, failure) is failure.request
    assert 0 == session.sent


def test_a_failure_that_is_not_reproduced_keeps_its_request():
    failure = failing(status=500)
    body, sent = reduced("not_a_server_error", failure, lambda reply: reply)

    assert BODY == body
    assert 0 < sent <= MAX_ATTEMPTS


def test_a_server_that_stops_answering_keeps_the_request():
    class Silent(Counted):
        def send(self, _probe):
            raise NotAnswering("no answer")

    found = smallest_request(
        Verification(Silent(VLLM)), "not_a_server_error", failing(status=500)
    )

    assert BODY == json.loads(found.body)
