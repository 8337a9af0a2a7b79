"""What a card says is held against what answers, and against the list."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged

from contract.checks.models import cards
from contract.model.exchange import Arrival
from contract.model.probes import MODEL_CARD

DATED = "magistral-small-2509"


def alone(listed, body, status=200):
    """The exchange of one card."""
    made = listed(probe=replace(MODEL_CARD, model="a"))
    return replace(made, status=status, arrivals=(Arrival(0.1, body),))


@pytest.mark.parametrize(
    ("known", "told", "word"),
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
        pytest.param([{"id": "b"}], "b", "pass", id="whatever-it-was-asked-for"),
        pytest.param([{"id": "a"}], "engine-0", "fail", id="nobody"),
        pytest.param([{"id": "a"}], 7, "skip", id="no-name-at-all"),
    ],
)
def test_a_response_names_the_model_or_another_name_of_it(
    listed, asked, known, told, word
):
    answer = asked("a", told)

    assert (
        word
        == judged(cards.answer_names_the_model, answer, answer, listed(*known)).word
    )


@pytest.mark.parametrize(
    ("told", "word"),
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
def test_a_window_is_a_number_above_zero(listed, asked, told, word):
    seen = listed({"id": "a", **told})

    assert word == judged(cards.context_length_is_told, asked("a"), seen).word


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ({"max_context_length": 131_072}, "pass"),
        ({"max_model_len": 262_144}, "pass"),
        ({"max_model_len": 131_071}, "fail"),
        ({"meta": {"n_ctx": 8_192}}, "fail"),
        ({"max_model_len": 0}, "skip"),
        ({"max_model_len": None}, "skip"),
    ],
)
def test_a_window_is_no_smaller_than_promised(listed, asked, told, word):
    seen = listed({"id": "a", **told})

    assert word == judged(cards.context_length_is_as_promised, asked("a"), seen).word


def test_a_window_that_is_too_small_is_told_with_the_flag(listed, asked):
    seen = listed({"id": "a", "max_model_len": 32_768}, profile="vllm-0.32")
    answer = asked("a", profile="vllm-0.32")
    (finding,) = judged(cards.context_length_is_as_promised, answer, seen).findings

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
def test_a_date_in_an_id_is_kept(listed, asked, model, card, word):
    seen = listed({"id": model, **card})

    assert word == judged(cards.dated_id_is_pinned, asked(model), seen).word


@pytest.mark.parametrize(
    ("card", "word"),
    [
        ({"deprecation": None}, "pass"),
        ({"deprecation": "2026-04-30T12:00:00Z"}, "fail"),
        ({}, "skip"),
    ],
)
def test_a_date_of_deprecation_is_told(listed, asked, card, word):
    seen = listed({"id": "a", **card})

    assert word == judged(cards.is_not_deprecated, asked("a"), seen).word


@pytest.mark.parametrize(
    ("body", "places"),
    [
        pytest.param(b'{"id": "a", "created": 2, "name": "a"}', [], id="same"),
        pytest.param(b'{"id": "a", "created": 2, "name": "b"}', ["/name"], id="other"),
        pytest.param(b'{"id": "a", "more": 1}', [], id="more"),
    ],
)
def test_a_card_and_its_entry_are_compared(listed, body, places):
    known = listed({"id": "a", "created": 1, "name": "a"})
    card = alone(listed, body)

    verdict = judged(
        cards.card_agrees_with_list,
        known,
        replace(card, request=replace(card.request, path="/v1/models/a")),
    )

    assert places == [finding.at for finding in verdict.findings]


@pytest.mark.parametrize(
    ("status", "word"), [(404, "pass"), (400, "pass"), (200, "fail"), (500, "fail")]
)
def test_a_card_of_nobody_is_refused(listed, status, word):
    assert word == judged(cards.unknown_card, alone(listed, b"{}", status)).word
