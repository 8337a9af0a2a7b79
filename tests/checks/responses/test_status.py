from __future__ import annotations

import pytest

from contract.checks.responses.status import (
    CUT,
    CUT_STREAMED,
    cut_is_incomplete,
    event_matches_status,
    unknown_previous_is_refused,
)
from contract.model.check import NotApplicable
from contract.testing.rehearsal import rehearse

CUT_OFF = {
    "status": "incomplete",
    "incomplete_details": {"reason": "max_output_tokens"},
    "usage": {"input_tokens": 3, "output_tokens": 12, "total_tokens": 15},
}


def found(check, *exchanges):
    return [finding.message for finding in check.judge(*exchanges)]


def test_a_cut_response_that_says_so_passes(whole, response):
    cut = whole({**response, **CUT_OFF}, CUT)

    assert found(cut_is_incomplete, cut, cut) == []


@pytest.mark.parametrize(
    "change", [{"status": "completed"}, {"incomplete_details": None}, {"status": None}]
)
def test_a_cut_response_that_does_not_say_so_is_found(whole, response, change):
    cut = whole({**response, **CUT_OFF, **change}, CUT)

    assert len(found(cut_is_incomplete, cut)) == 1


def test_a_short_answer_is_not_judged(whole, response):
    with pytest.raises(NotApplicable, match="only 4 tokens"):
        found(cut_is_incomplete, whole(response, CUT))


def test_an_end_with_another_status_is_found(streamed, events):
    assert found(event_matches_status, streamed(events)) == []
    events[-1]["response"]["status"] = "incomplete"

    assert len(found(event_matches_status, streamed(events))) == 1


def test_a_stream_without_an_end_is_not_judged(streamed, events):
    with pytest.raises(NotApplicable):
        found(event_matches_status, streamed(events[:-1]))


def test_an_unknown_response_to_go_on_from_is_refused():
    for name in ("mistral-responses", "vllm-responses", "llamacpp-responses"):
        assert rehearse(unknown_previous_is_refused, name).outcome == "pass"


def test_the_cut_probes_ask_for_the_same():
    assert (CUT.messages, CUT.options) == (CUT_STREAMED.messages, CUT_STREAMED.options)
