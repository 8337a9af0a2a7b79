"""Requests of probes: path, headers, body and the form of the key."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.model.chat import MODELS
from contract.model.probe import KeyMode, Patch, Probe
from contract.model.probes import MODEL_CARD, SUM, SUM_WHOLE
from contract.model.profile import Profile
from contract.model.wire import WRONG_KEY, build_request
from contract.providers.vllm.dialect import VLLM_0_16

PROFILE = Profile(id="vllm-0.16", dialect=VLLM_0_16)
SECRET = "sk-0123456789"


def test_request_has_path_headers_and_model():
    sent = build_request(SUM, PROFILE, "m", SECRET)

    assert ("POST", "/v1/chat/completions") == (sent.method, sent.path)
    assert "application/json" == sent.header("content-type")
    assert "identity" == sent.header("accept-encoding")
    assert "m" == json.loads(sent.body)["model"]


@pytest.mark.parametrize(
    ("key", "header"),
    [
        (KeyMode.GIVEN, f"Bearer {SECRET}"),
        (KeyMode.WRONG, f"Bearer {WRONG_KEY}"),
        (KeyMode.NONE, None),
    ],
)
def test_key_is_the_one_the_probe_asks_for(key, header):
    sent = build_request(replace(SUM, key=key), PROFILE, "m", SECRET)

    assert header == sent.header("authorization")


def test_without_a_key_none_is_sent():
    assert build_request(SUM, PROFILE, "m").header("authorization") is None


def test_headers_of_a_probe_replace_and_empty_ones_remove():
    probe = replace(SUM, headers=(("Content-Type", "text/plain"), ("X-A", "1")))
    bare = replace(SUM, headers=(("content-type", ""),))

    assert "text/plain" == build_request(probe, PROFILE, "m").header("content-type")
    assert "1" == build_request(probe, PROFILE, "m").header("x-a")
    assert build_request(bare, PROFILE, "m").header("content-type") is None


def test_raw_bodies_and_patches_reach_the_wire():
    raw = replace(SUM, body=b"\xff")
    wrong = replace(SUM_WHOLE, patches=(Patch("no model", "/model"),))

    assert b"\xff" == build_request(raw, PROFILE, "m").body
    assert "model" not in json.loads(build_request(wrong, PROFILE, "m").body)


def test_get_request_has_no_body_and_the_model_in_its_path():
    sent = build_request(MODEL_CARD, PROFILE, "m")

    assert ("GET", f"{MODELS}/m", b"") == (sent.method, sent.path, sent.body)


@pytest.mark.parametrize("name", builtin())
def test_every_built_in_profile_encodes_the_sum(name):
    sent = build_request(SUM, builtin()[name], "m")

    assert "m" == json.loads(sent.body)["model"]


@pytest.mark.parametrize(
    ("key", "path", "header"),
    [
        pytest.param(KeyMode.GIVEN, "/v1/models", f"Bearer {SECRET}", id="given"),
        pytest.param(KeyMode.LOWER, "/v1/models", f"bearer {SECRET}", id="lower"),
        pytest.param(KeyMode.BARE, "/v1/models", SECRET, id="bare"),
        pytest.param(
            KeyMode.BASIC, "/v1/models", "Basic a2V5OnNrLTAxMjM0NTY3ODk=", id="basic"
        ),
        pytest.param(KeyMode.QUERY, f"/v1/models?api_key={SECRET}", None, id="query"),
        pytest.param(KeyMode.NONE, "/v1/models", None, id="none"),
    ],
)
def test_key_is_sent_in_the_form_the_probe_asks_for(key, path, header):
    probe = Probe(name="access", method="GET", path=MODELS, key=key)

    request = build_request(probe, PROFILE, "m", SECRET)

    assert (request.path, request.header("authorization")) == (path, header)


@pytest.mark.parametrize("key", [key for key in KeyMode if key is not KeyMode.WRONG])
def test_without_a_key_no_form_sends_one(key):
    probe = Probe(name="access", method="GET", path=MODELS, key=key)

    request = build_request(probe, PROFILE, "m")

    assert (request.path, request.header("authorization")) == (MODELS, None)
