"""Drawn requests are valid, or invalid by exactly one named mutation."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from contract.catalog.profiles import builtin
from contract.mock_server.provider import MockProvider
from contract.model.chat import Options
from contract.model.strict_json import read_json
from contract.model.wire import build_request
from contract.schema import openapi
from contract.strategies.cuts import cuts
from contract.strategies.images import corrupt, images, pictures
from contract.strategies.messages import skeletons
from contract.strategies.options import combined
from contract.strategies.requests import invalid, mutations, valid
from contract.strategies.texts import (
    AWKWARD,
    MIXES,
    mixed,
    phrases,
    texts,
    unusual_characters,
)
from contract.tokens import counting

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


@pytest.mark.parametrize("name", PROFILES)
@QUICK
@given(data=st.data())
def test_valid_request_matches_its_schema_and_is_answered(name, data):
    profile = PROFILES[name]
    request, reply = exchanged(profile, data.draw(valid(profile)))
    schema = profile.dialect.prefix + "ChatRequest"

    assert openapi.accepts(schema, json.loads(request.body))
    assert 200 == reply.status, reply.body


@pytest.mark.parametrize("name", PROFILES)
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


def test_every_pair_of_options_occurs():
    made = combined(PROFILES["mistral-2025-10"].offers)

    assert any(o.temperature == 1.5 and o.presence_penalty == -2.0 for o in made)
    assert not any(o.tools and o.response_format for o in made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("name", PROFILES)
def test_every_option_and_step_occurs(name):
    offers = PROFILES[name].offers
    made = combined(offers)
    values = {
        field.name: {getattr(one, field.name) for one in made}
        for field in dataclasses.fields(Options)
    }
    # Not set directly: reasoning is requested by `reasons`, usage always.
    unused = {"prompt_mode", "reasoning_effort", "usage"}
    unused |= set() if "seed" in offers else {"seed"}
    unused |= set() if "choices" in offers else {"n"}
    unused |= set() if "stop" in offers else {"stop"}
    unused |= set() if "json-schema" in offers else {"response_format"}
    unused |= set() if "parallel-tools" in offers else {"parallel_tool_calls"}
    steps = {step for skeleton in skeletons(offers) for step in skeleton}

    assert unused == {option for option, found in values.items() if len(found) == 1}
    assert {"text", "T", "TT", "answered", "called", "calls", "system"} <= steps
    assert ("prefix" in offers) == ("begun" in steps)
    assert ("thinking-input" in offers) == ("reasoned" in steps)


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


def test_texts_are_mixed_from_one_drawn_text_and_awkward_ones():
    made = {mix: mixed("abcdef", mix, ("X", "Y")) for mix in MIXES}

    assert made["own",] == ("abcdef",)
    assert made["own", "own", "own"] == ("ab", "cd", "ef")
    assert made["odd", "own", "odd"] == ("X", "abcdef", "Y")
    assert mixed("a", ("own", "own"), ("X",)) == ("a", "a")
    assert find(
        phrases(), lambda words: len(words) == 3 and words[2] in AWKWARD, settings=ANY
    )


def test_strange_texts_hold_unassigned_characters():
    def unknown(text):
        return any(unicodedata.category(one) == "Cn" for one in text)

    assert find(unusual_characters(), unknown, settings=ANY)


def test_awkward_texts_are_drawn():
    assert find(texts(), lambda text: text in AWKWARD[4:], settings=ANY)


def test_images_can_be_decoded_and_corrupt_ones_cannot():
    probe = find(images(), lambda image: image.media_type == "image/jpeg", settings=ANY)

    assert probe.data[:2] == b"\xff\xd8"
    assert all(counting.size(one.data) for one in pictures())
    assert not any(counting.size(one.data) for one in corrupt().values())


@given(
    st.binary(max_size=40).flatmap(lambda data: st.tuples(st.just(data), cuts(data)))
)
def test_portions_join_to_the_data(case):
    data, pieces = case

    assert data == b"".join(pieces)
