"""Drawn requests: valid by construction, or wrong in exactly one named way."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from contract import spec
from contract.exchange import read_json, spell
from contract.profiles import builtin
from contract.server.provider import Provider
from contract.strategies.cuts import cuts
from contract.strategies.images import corrupt, images
from contract.strategies.options import combined
from contract.strategies.requests import MUTATIONS, invalid, valid
from contract.strategies.texts import AWKWARD, texts

PROFILES = builtin()
QUICK = settings(max_examples=30, suppress_health_check=list(HealthCheck))


def replied(profile, probe):
    request = spell(probe, profile, profile.model)
    provider = Provider(profile.dialect, models=(profile.model,))
    return request, provider.reply(request, 0)


@pytest.mark.parametrize("name", PROFILES)
@QUICK
@given(data=st.data())
def test_valid_request_fits_its_schema_and_is_answered(name, data):
    profile = PROFILES[name]
    request, reply = replied(profile, data.draw(valid(profile)))
    shape = profile.dialect.prefix + "ChatRequest"

    assert spec.accepts(shape, json.loads(request.body))
    assert 200 == reply.status, reply.body


@pytest.mark.parametrize("name", PROFILES)
@QUICK
@given(data=st.data())
def test_invalid_request_bears_the_name_of_its_mistake_and_is_refused(name, data):
    profile = PROFILES[name]
    probe = data.draw(invalid(profile))
    _, reply = replied(profile, probe)

    assert probe.name in {"image-corrupt", *(one.name for one in MUTATIONS)}
    assert 400 <= reply.status < 500, reply.body


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_mutation_is_the_only_thing_wrong(mutation):
    profile = PROFILES["mistral-2025-10"]
    probe = find(valid(profile), lambda _: True)
    request, _ = replied(profile, probe)
    spoiled, _ = replied(profile, mutation.spoil(probe, profile))

    assert request.body != spoiled.body
    assert spec.accepts("Mistral202510ChatRequest", read_json(request.body))


def test_every_two_options_meet():
    made = combined(PROFILES["mistral-2025-10"].offers)

    assert any(o.temperature == 1.5 and o.presence_penalty == -2.0 for o in made)
    assert not any(o.tools and o.response_format for o in made)
    assert len(set(made)) == len(made)


def test_awkward_texts_are_drawn():
    assert find(texts(), lambda text: text in AWKWARD[4:])


def test_pictures_are_pictures_and_corrupt_ones_are_not():
    probe = find(images(), lambda image: image.media_type == "image/jpeg")

    assert probe.data[:2] == b"\xff\xd8"
    assert find(corrupt(), lambda image: not image.data.startswith(b"\x89PNG"))


@given(
    st.binary(max_size=40).flatmap(lambda data: st.tuples(st.just(data), cuts(data)))
)
def test_cut_bytes_join_again(drawn):
    data, pieces = drawn

    assert data == b"".join(pieces)
