"""The fingerprint of Ollama: the owner of its models, or its path for the release."""

from __future__ import annotations

import pytest
from support.server_evidence import FixedAnswers, listing

from contract.catalog.profiles import builtin
from contract.detection.detect import recognise
from contract.detection.evidence import ServerEvidence
from contract.providers.ollama.fingerprint import FINGERPRINT

# As openai/openai.go writes it.
CARD = {
    "id": "magistral:24b",
    "object": "model",
    "created": 1795770552,
    "owned_by": "library",
}
RELEASE = {"json": {"version": "0.40.12"}}


def evidence(*cards, version=None):
    answers = {"/v1/models": listing(*cards)}
    if version is not None:
        answers["/api/version"] = version
    return ServerEvidence(FixedAnswers(answers), builtin()["inline"], None)


def test_the_owner_is_enough():
    server = evidence(CARD)
    found = FINGERPRINT.recognise(server)

    assert found is not None
    assert found.profile == "ollama"
    assert "never run" in found.why
    assert server.requests == 1


def test_models_from_elsewhere_are_told_by_the_path_of_the_release():
    found = recognise(evidence({**CARD, "owned_by": "unsloth"}, version=RELEASE))

    assert found is not None
    assert found.profile == "ollama"


@pytest.mark.parametrize(
    "version",
    [
        None,
        {"json": {"version": 1}},
        {"json": {"error": "Unexpected endpoint or method. (GET /api/version)"}},
        {"json": ["0.40.12"]},
    ],
)
def test_other_servers_are_not_recognised(version):
    card = {**CARD, "owned_by": "unsloth"}

    assert FINGERPRINT.recognise(evidence(card, version=version)) is None


@pytest.mark.parametrize("headers", [(), (("x-request-id", "1"),)])
@pytest.mark.parametrize("owner", ["", "unsloth"])
def test_the_path_is_asked_for_only_where_it_can_decide(owner, headers):
    answers = {
        "/v1/models": listing({**CARD, "owned_by": owner}, headers=headers),
        "/api/version": RELEASE,
    }
    server = ServerEvidence(FixedAnswers(answers), builtin()["inline"], None)
    possible = bool(owner) and not headers

    assert (FINGERPRINT.recognise(server) is not None) is possible
    assert server.requests == 1 + possible
