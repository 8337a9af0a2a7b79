"""Answers to valid requests, and errors for invalid ones, have their schema."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.checks.properties.answers import (
    invalid_requests_are_refused,
    valid_requests_are_answered,
)
from contract.model.exchange import Arrival
from contract.model.probes import SUM, SUM_WHOLE


def test_error_of_another_schema_is_found(empty):
    assert verdict_on(invalid_requests_are_refused, empty).word == "fail"


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
def test_an_answer_of_the_mock_passes(probe, answer):
    assert verdict_on(valid_requests_are_answered, answer(probe)).word == "pass"


def test_an_answer_of_another_schema_is_found(empty):
    (finding,) = verdict_on(valid_requests_are_answered, empty).findings

    assert finding.at.startswith("the body, ")


def test_a_stream_without_events_is_found(answer):
    silent = replace(answer(SUM), arrivals=(Arrival(0.1, b"data: [DONE]\n\n"),))
    (finding,) = verdict_on(valid_requests_are_answered, silent).findings

    assert finding.message == "the stream contains no event"
