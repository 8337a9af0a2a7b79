"""Model cards compared with chat responses and with the model list."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.checks.models import cards
from contract.model.exchange import Arrival
from contract.model.probes import MODEL_CARD

DATED = "magistral-small-2509"


def card_response(model_list, body, status=200):
    """The exchange for a single card."""
    made = model_list(probe=replace(MODEL_CARD, model="a"))
    return replace(made, status=status, arrivals=(Arrival(0.1, body),))


@pytest.mark.parametrize(
    ("cards_listed", "returned", "word"),
    [
        pytest.param([{"id": "a"}], "a", "pass", id="echo"),
        pytest.param([{"id": "a", "aliases": ["b"]}], "b", "pass", id="alias"),
        pytest.param(
            [{"id": "a", "root": "w"}, {"id": "b", "root": "w"}],
            "b",
            "pass",
            id="served-name",
        ),
        pytest.param([{"id": "a"}, {"id": "b"}], "b", "fail", id="another-model"),
        pytest.param([{"id": "b"}], "b", "pass", id="requested-model-is-not-listed"),
        pytest.param([{"id": "a"}], "engine-0", "fail", id="unknown"),
        pytest.param([{"id": "a"}], 7, "skip", id="not-a-name"),
    ],
)
def test_response_contains_a_name_of_the_requested_model(
    model_list, answer, cards_listed, returned, word
):
    response, listed = answer("a", returned), model_list(*cards_listed)

    verdict = verdict_on(cards.answer_names_the_model, response, response, listed)

    assert word == verdict.word


@pytest.mark.parametrize(
    ("stated", "word"),
    [
        ({"max_context_length": 1}, "pass"),
        ({"max_model_len": 131_072}, "pass"),
        ({"meta": {"n_ctx": 8_192}}, "pass"),
        ({"max_context_length": 0}, "fail"),
        ({"max_context_length": "131072"}, "fail"),
        ({"max_model_len": True}, "fail"),
        ({"max_model_len": None}, "fail"),
        ({}, "fail"),
    ],
)
def test_context_window_is_a_positive_number(model_list, answer, stated, word):
    listed = model_list({"id": "a", **stated})

    assert word == verdict_on(cards.context_length_is_told, answer("a"), listed).word


@pytest.mark.parametrize(
    ("stated", "word"),
    [
        ({"max_context_length": 131_072}, "pass"),
        ({"max_model_len": 262_144}, "pass"),
        ({"max_model_len": 131_071}, "fail"),
        ({"meta": {"n_ctx": 8_192}}, "fail"),
        ({"max_model_len": 0}, "skip"),
        ({"max_model_len": None}, "skip"),
    ],
)
def test_window_smaller_than_promised_is_found(model_list, answer, stated, word):
    listed = model_list({"id": "a", **stated})

    verdict = verdict_on(cards.context_length_is_as_promised, answer("a"), listed)

    assert word == verdict.word


@pytest.mark.parametrize(
    ("stated", "word"),
    [
        ({"max_context_length": 131_072}, "pass"),
        ({"max_model_len": 131_071}, "pass"),
        ({"max_model_len": 131_073}, "fail"),
        ({"meta": {"n_ctx": 262_144}}, "fail"),
        ({"max_model_len": "262144"}, "skip"),
        ({}, "skip"),
    ],
)
def test_window_larger_than_promised_is_found(model_list, answer, stated, word):
    listed = model_list({"id": "a", **stated})

    verdict = verdict_on(cards.context_length_is_no_larger, answer("a"), listed)

    assert word == verdict.word


def test_finding_about_a_small_window_names_the_server_flag(model_list, answer):
    listed = model_list({"id": "a", "max_model_len": 32_768}, profile="vllm-0.32")
    response = answer("a", profile="vllm-0.32")
    (finding,) = verdict_on(
        cards.context_length_is_as_promised, response, listed
    ).findings

    assert "start vLLM with --max-model-len 131072" == finding.hint


@pytest.mark.parametrize(
    ("model", "card", "word"),
    [
        pytest.param(DATED, {"name": DATED}, "pass", id="itself"),
        pytest.param(
            DATED, {"root": "mistralai/Magistral-Small-2509"}, "pass", id="weights"
        ),
        pytest.param(DATED, {"name": "mistral-small-2603"}, "fail", id="successor"),
        pytest.param(
            DATED, {"root": "mistralai/Magistral-Small-2507"}, "fail", id="old-weights"
        ),
        pytest.param("latest", {"name": "mistral-small-2603"}, "skip", id="alias"),
        pytest.param(DATED, {"root": "/weights"}, "skip", id="no-date"),
    ],
)
def test_dated_id_with_another_date_on_its_card_is_found(
    model_list, answer, model, card, word
):
    listed = model_list({"id": model, **card})

    assert word == verdict_on(cards.dated_id_is_pinned, answer(model), listed).word


@pytest.mark.parametrize(
    ("card", "word"),
    [
        ({"deprecation": None}, "pass"),
        ({"deprecation": "2026-04-30T12:00:00Z"}, "fail"),
        ({}, "skip"),
    ],
)
def test_deprecation_date_is_found(model_list, answer, card, word):
    listed = model_list({"id": "a", **card})

    assert word == verdict_on(cards.is_not_deprecated, answer("a"), listed).word


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        pytest.param(b'{"id": "a", "created": 2, "name": "a"}', [], id="same"),
        pytest.param(b'{"id": "a", "created": 2, "name": "b"}', ["/name"], id="other"),
        pytest.param(b'{"id": "a", "more": 1}', [], id="more"),
    ],
)
def test_card_that_differs_from_its_list_entry_is_found(model_list, body, pointers):
    listed = model_list({"id": "a", "created": 1, "name": "a"})
    card = card_response(model_list, body)

    verdict = verdict_on(
        cards.card_agrees_with_list,
        listed,
        replace(card, request=replace(card.request, path="/v1/models/a")),
    )

    assert pointers == [finding.at for finding in verdict.findings]


@pytest.mark.parametrize(
    ("status", "word"), [(404, "pass"), (400, "pass"), (200, "fail"), (500, "fail")]
)
def test_card_of_an_unknown_model_is_found(model_list, status, word):
    response = card_response(model_list, b"{}", status)

    assert word == verdict_on(cards.unknown_card, response).word
