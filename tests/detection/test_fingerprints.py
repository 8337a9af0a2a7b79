"""Tests of fingerprints: known servers are recognised, unknown ones are not."""

from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.detection.detect import recognise
from contract.detection.evidence import ServerEvidence
from contract.model.exchange import Arrival, End, Exchange

PROFILE = builtin()["inline"]
NOT_FOUND = {"status": 404, "json": {"detail": "Not Found"}}


class Answers:
    """A fake recorder with a fixed response for each path."""

    def __init__(self, answers):
        self.answers = answers
        self.requested = []

    def record(self, probe, profile, request):
        self.requested.append(request.path)
        answer = self.answers.get(request.path, NOT_FOUND)
        body = json.dumps(answer["json"]).encode() if "json" in answer else b""
        return Exchange(
            probe=probe,
            profile=profile,
            request=request,
            status=answer.get("status", 200),
            headers=tuple(answer.get("headers", ())),
            arrivals=(Arrival(0.0, answer.get("body", body)),),
            end=answer.get("end", End.COMPLETE),
        )


def evidence(**answers):
    paths = {
        "models": "/v1/models",
        "version": "/version",
        "props": "/props",
        "health": "/health",
    }
    recorder = Answers({paths[name]: answer for name, answer in answers.items()})
    return ServerEvidence(recorder, PROFILE, None)


def listing(*cards, headers=()):
    return {"json": {"object": "list", "data": list(cards)}, "headers": headers}


VLLM = {
    "id": "magistral-small-2509",
    "object": "model",
    "owned_by": "vllm",
    "max_model_len": 131072,
}
LLAMACPP = {
    "id": "magistral-small-2509",
    "owned_by": "llamacpp",
    "meta": {"n_ctx": 4096, "n_ctx_train": 131072},
}
MISTRAL = {
    "id": "mistral-small-latest",
    "owned_by": "mistralai",
    "capabilities": {"completion_chat": True},
    "max_context_length": 262144,
}


def version(text):
    return {"json": {"version": text}}


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ("0.10.2", "vllm-0.11"),
        ("0.11.0", "vllm-0.11"),
        ("0.11.0+cu128", "vllm-0.11"),
        ("0.11.1", "vllm-0.12"),
        ("0.12.0", "vllm-0.12"),
        ("0.15.1", "vllm-0.12"),
        ("0.16.0", "vllm-0.16"),
        ("v0.16.0rc2", "vllm-0.16"),
        ("0.31.4", "vllm-0.16"),
        ("0.32.0", "vllm-0.32"),
        ("1.0.0", "vllm-0.32"),
        ("0.1.dev1+g0123abc", "vllm-0.16"),
        ("dev", "vllm-0.16"),
        ("", "vllm-0.16"),
        ("9" * 5000, "vllm-0.16"),
    ],
)
def test_vllm_profiles_are_chosen_by_version(text, profile):
    found = recognise(evidence(models=listing(VLLM), version=version(text)))

    assert found is not None
    assert found.profile == profile
    assert "vLLM" in found.why
    assert len(found.why) < 120


@pytest.mark.parametrize(
    ("answers", "profile"),
    [
        pytest.param({"models": listing(VLLM)}, "vllm-0.16", id="vllm-hides-version"),
        pytest.param(
            {"models": {"status": 500}, "version": version("0.12.0")},
            "vllm-0.12",
            id="vllm-with-a-broken-list",
        ),
        pytest.param({"models": listing(LLAMACPP)}, "llamacpp", id="llamacpp-owner"),
        pytest.param(
            {"models": listing(headers=[("server", "llama.cpp")])},
            "llamacpp",
            id="llamacpp-header",
        ),
        pytest.param(
            {
                "models": {"status": 500},
                "props": {"json": {"default_generation_settings": {}}},
            },
            "llamacpp",
            id="llamacpp-props",
        ),
        pytest.param(
            {"models": listing(MISTRAL)}, "mistral-2026-08", id="mistral-today"
        ),
        pytest.param(
            {"models": listing(MISTRAL, {**MISTRAL, "id": "magistral-small-2509"})},
            "mistral-2025-10",
            id="mistral-with-magistral",
        ),
        pytest.param(
            {"models": listing(headers=[("mistral-correlation-id", "1")])},
            "mistral-2026-08",
            id="mistral-header",
        ),
        pytest.param(
            {
                "models": listing(headers=[("x-request-id", "c1fb923f")]),
                "health": {"json": {"status": "ok"}},
            },
            "transformers",
            id="transformers-with-an-empty-list",
        ),
        pytest.param(
            {
                "models": listing(
                    {
                        "id": "mistralai/Magistral-Small-2509",
                        "owned_by": "mistralai",
                    },
                    headers=[("x-request-id", "c1fb923f")],
                ),
                "health": {"json": {"status": "ok"}},
            },
            "transformers",
            id="transformers-serving-a-model-of-mistralai",
        ),
    ],
)
def test_known_servers_are_recognised(answers, profile):
    found = recognise(evidence(**answers))

    assert found is not None
    assert found.profile == profile


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({}, id="nothing-there"),
        pytest.param({"models": listing({"id": "x", "owned_by": "sglang"})}, id="name"),
        pytest.param(
            {
                "models": listing({"id": "x", "owned_by": "library"}),
                "version": version("0.5.1"),
            },
            id="a-version-of-another-owner",
        ),
        pytest.param(
            {"models": listing({"id": "x", "owned_by": "mistralai"})},
            id="an-organisation-called-mistralai",
        ),
        pytest.param({"models": {"body": b"\xff\x00{"}}, id="bytes"),
        pytest.param({"models": {"json": [1, None, "x"]}}, id="a-list"),
        pytest.param({"models": {"json": {"data": {"id": 1}}}}, id="no-list"),
        pytest.param(
            {"models": listing({"id": 5, "owned_by": ["vllm"]})}, id="wrong-types"
        ),
        pytest.param({"models": {"status": None, "end": End.RESET}}, id="reset"),
        pytest.param({"version": {"json": {"version": 16}}}, id="a-numeric-version"),
    ],
)
def test_unknown_servers_are_not_recognised_and_described(answers):
    found = evidence(**answers)

    assert recognise(found) is None
    assert "GET /v1/models: status" in str(found)


def test_each_path_is_requested_at_most_once():
    recorder = Answers({})
    found = ServerEvidence(recorder, PROFILE, None)

    recognise(found)
    recognise(found)

    assert len(recorder.requested) == len(set(recorder.requested)) == found.requests
    assert found.requests <= 4


@pytest.mark.parametrize(
    ("card", "window"),
    [
        pytest.param(VLLM, 131072, id="vllm"),
        pytest.param(LLAMACPP, 4096, id="llamacpp-as-started"),
        pytest.param(MISTRAL, 262144, id="mistral"),
        pytest.param({"id": "x"}, None, id="missing"),
        pytest.param({"id": "x", "max_model_len": "much"}, None, id="no-number"),
        pytest.param({"id": "x", "max_model_len": -1}, None, id="negative"),
        pytest.param({"id": "x", "max_model_len": True}, None, id="boolean"),
        pytest.param({"id": "x", "meta": [1]}, None, id="odd-meta"),
    ],
)
def test_the_window_is_read_from_the_card(card, window):
    found = evidence(models=listing({"id": "another", "max_model_len": 7}, card))

    assert found.window(card["id"]) == window
    assert found.window("unlisted") is None
