"""Evidence of a server: each path once, and values of any shape."""

from __future__ import annotations

import pytest
from support.server_evidence import (
    LLAMACPP,
    MISTRAL,
    PROFILE,
    VLLM,
    FixedAnswers,
    evidence,
    listing,
    version,
)

from contract.detection.detect import recognise
from contract.detection.evidence import ServerEvidence
from contract.model.exchange import End


def test_each_path_is_requested_at_most_once():
    recorder = FixedAnswers({})
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


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 500, "body": b"oops"}, "status 500, oops"),
        ({"body": b'{"da', "end": End.RESET}, "an incomplete response"),
        ({"body": b"\xff\x00{"}, "no JSON, but"),
        ({"json": {"data": {"id": 1}}}, "no list of models, but"),
        ({"json": {"data": [{"id": {}}]}}, "no list of models, but"),
        ({"json": "x"}, "no list of models, but"),
    ],
)
def test_what_is_no_model_list_is_described(answer, words):
    assert evidence(models=answer).flaw.startswith(words)


@pytest.mark.parametrize(
    "answer", [listing(VLLM), listing(), {"json": [VLLM]}, {"status": 404}]
)
def test_a_model_list_and_its_absence_are_no_flaw(answer):
    assert evidence(models=answer).flaw == ""


def test_owners_are_distinct_and_names_are_texts():
    cards = (VLLM, {**VLLM, "id": "other"}, {"id": 5, "owned_by": ["vllm"]}, "x")
    found = evidence(models=listing(*cards))

    assert ("vllm",) == found.owners
    assert ("magistral-small-2509", "other") == found.names


@pytest.mark.parametrize(
    ("answer", "member"),
    [
        pytest.param(version("0.16.0"), "0.16.0", id="present"),
        pytest.param({"json": {"build": 1}}, None, id="absent"),
        pytest.param({"json": ["0.16.0"]}, None, id="list"),
        pytest.param({**version("0.16.0"), "status": 500}, None, id="error"),
    ],
)
def test_a_member_is_read_from_an_object_with_status_200(answer, member):
    assert member == evidence(version=answer).member("/version", "version")


def test_a_server_is_described_in_one_short_line():
    long = {**VLLM, "owned_by": "x" * 500}
    found = str(evidence(models=listing(long, headers=[("server", "y" * 500)])))

    assert f"owned_by {'x' * 40}, server {'y' * 40};" in found
    assert "GET /version: status 404" in found
    assert "\n" not in found
