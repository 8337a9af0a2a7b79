from __future__ import annotations

import pytest

from contract.catalog import profiles
from contract.checks.schema import shapes
from contract.model.check import NotApplicable
from contract.model.probes import LIST_MODELS, MODEL_CARD, SUM

PROFILES = list(profiles.builtin())


@pytest.mark.parametrize("profile", PROFILES)
def test_whole_response_of_the_mock_passes(profile, answered):
    assert [] == list(shapes.response.judge(answered(profile=profile)))


@pytest.mark.parametrize("profile", PROFILES)
def test_chunks_of_the_mock_pass(profile, answered):
    assert [] == list(shapes.event.judge(answered(SUM, profile=profile)))


@pytest.mark.parametrize("profile", PROFILES)
def test_error_of_the_mock_passes(profile, answered):
    seen = answered(shapes.UNREADABLE, profile=profile)

    assert 400 <= seen.status < 500
    assert [] == list(shapes.error.judge(seen))


@pytest.mark.parametrize(
    ("body", "at"),
    [
        pytest.param(b'{"id":7}', "/choices", id="incomplete"),
        pytest.param(b"[]", "the whole body", id="list"),
        pytest.param(b"null", "the whole body", id="null"),
    ],
)
def test_violation_is_found_with_its_pointer(body, at, answered):
    found = list(shapes.response.judge(answered(body=body)))

    assert at in [finding.at for finding in found]


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"\xff", b'{"a":NaN}'])
def test_body_that_is_not_json_is_found(body, answered):
    (found,) = shapes.response.judge(answered(body=body))

    assert found.message == "the body is not JSON"
    assert found.actual


def test_only_the_first_invalid_chunks_are_reported(answered):
    seen = answered(SUM, fault=shapes.created_as_date_in_chunks)

    found = list(shapes.event.judge(seen))

    assert shapes.MOST == len({finding.at.partition(",")[0] for finding in found})
    assert "event 0, +0.000 s, /created" == found[0].at


def test_stream_without_chunks_is_not_applicable(answered):
    with pytest.raises(NotApplicable):
        list(shapes.event.judge(answered(SUM, body=b"data: [DONE]\n\n")))


def test_error_of_another_dialect_is_found(answered):
    body = b'{"error":{"message":"no","type":"BadRequestError","code":400}}'

    assert list(shapes.error.judge(answered(shapes.UNREADABLE, body=body)))


def test_empty_model_list_is_found(answered):
    seen = answered(LIST_MODELS, body=b'{"object":"list","data":[]}')

    assert "the model list is empty" in [f.message for f in shapes.models.judge(seen)]


def test_model_list_of_the_mock_passes(answered):
    assert [] == list(shapes.models.judge(answered(LIST_MODELS)))


def test_card_of_another_model_is_found(answered):
    seen = answered(MODEL_CARD)
    other = seen.body.replace(b"magistral-small-2509", b"magistral-tiny")

    assert [] == list(shapes.model_card.judge(seen))
    assert ["/id"] == [
        f.at for f in shapes.model_card.judge(answered(MODEL_CARD, body=other))
    ]
