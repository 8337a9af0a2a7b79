"""Tests of the checks of requests with a response_format."""

import pytest

from contract.checks.structured import requests

GOOD = '{"answer": 42, "sure": true}'


@pytest.mark.parametrize(
    ("text", "word"), [(None, "pass"), (GOOD, "pass"), ("I will call.", "pass")]
)
def test_a_call_or_a_document_passes(text, word, verdict):
    assert verdict(requests.beside_tools, text).word == word


def test_text_in_place_of_call_and_document_is_found(verdict):
    fault = requests.words_beside_tools.apply

    assert verdict(requests.beside_tools, change=fault).word == "fail"


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (requests.invalid_schema_is_refused, requests.accepts_invalid_schema),
        (requests.name_is_demanded, requests.accepts_nameless_schema),
    ],
    ids=lambda one: one.id,
)
def test_an_invalid_schema_must_be_rejected(check, fault, verdict):
    profile = "mistral-2025-10"

    assert verdict(check, profile=profile).word == "pass"
    assert verdict(check, profile=profile, change=fault.apply).word == "fail"
