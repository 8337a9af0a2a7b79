"""Drawn requests are valid, or invalid by exactly one named mutation."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from support.few import few

from contract.catalog.profiles import builtin
from contract.mock_server.provider import MockProvider
from contract.model.strict_json import read_json
from contract.model.wire import build_request
from contract.schema import openapi
from contract.strategies.requests import invalid, mutations, valid

PROFILES = builtin()
QUICK = settings(max_examples=30, suppress_health_check=list(HealthCheck))
ANY = settings(QUICK, max_examples=300, phases=[Phase.generate])
# The members of a request to Mistral's API of 2025, which sends usage unrequested.
MEMBERS = {
    *("frequency_penalty", "max_tokens", "messages", "model", "n", "prompt_mode"),
    *("parallel_tool_calls", "presence_penalty", "random_seed", "response_format"),
    *("stop", "stream", "temperature", "tool_choice", "tools", "top_p"),
}
# The roles, parts and further members of a conversation.
TURNS = {
    *("system", "user", "assistant", "tool", "prefix", "tool_calls", "tool_call_id"),
    *("system text", "system thinking", "assistant thinking", "assistant text"),
    *("user text", "user image_url"),
}


def features(message):
    yield message["role"]
    yield from message.keys() & {"prefix", "tool_calls", "tool_call_id"}
    for part in message["content"] if isinstance(message["content"], list) else ():
        yield f"{message['role']} {part['type']}"


def exchanged(profile, probe):
    request = build_request(probe, profile, profile.model)
    provider = MockProvider(profile.dialect, models=(profile.model,))
    return request, provider.reply(request, 0)


@pytest.mark.parametrize("name", few(PROFILES))
@QUICK
@given(data=st.data())
def test_valid_request_matches_its_schema_and_is_answered(name, data):
    profile = PROFILES[name]
    request, reply = exchanged(profile, data.draw(valid(profile)))
    schema = profile.dialect.prefix + "ChatRequest"

    assert openapi.accepts(schema, json.loads(request.body))
    assert 200 == reply.status, reply.body


@pytest.mark.parametrize("name", few(PROFILES))
@QUICK
@given(data=st.data())
def test_invalid_request_has_the_name_of_its_mutation_and_is_rejected(name, data):
    profile = PROFILES[name]
    probe = data.draw(invalid(profile))
    _, reply = exchanged(profile, probe)

    assert probe.name in {one.name for one in mutations()}
    assert 400 <= reply.status < 500, reply.body


@cache
def drawn(name):
    return find(valid(PROFILES[name]), lambda _: True, settings=ANY)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("vllm-0.32", True), ("mistral-2025-10", False), ("transformers", False)],
)
def test_zero_tokens_are_a_mistake_where_the_schema_rejects_them(name, wrong):
    (mutation,) = (one for one in mutations() if one.name == "max-tokens-is-zero")

    assert wrong == mutation.applies(PROFILES[name])


@pytest.mark.parametrize("mutation", mutations(), ids=lambda one: one.name)
def test_mutation_is_the_only_mistake(mutation):
    profile = PROFILES["mistral-2025-10"]
    probe = drawn(profile.id)
    request, _ = exchanged(profile, probe)
    mutated, _ = exchanged(profile, mutation.apply(probe, profile))

    assert request.body != mutated.body
    assert openapi.accepts("Mistral202510ChatRequest", read_json(request.body))


def test_every_member_and_part_is_drawn():
    profile = PROFILES["mistral-2025-10"]
    members, turns = set(), set()

    @settings(QUICK, max_examples=1_000, phases=[Phase.generate])
    @given(valid(profile))
    def look(probe):
        body = json.loads(build_request(probe, profile, "m").body)
        members.update(body)
        turns.update(one for message in body["messages"] for one in features(message))

    look()

    assert members == MEMBERS
    assert turns == TURNS
