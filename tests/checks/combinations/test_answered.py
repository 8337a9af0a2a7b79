from __future__ import annotations

import pytest
from support.rehearsal import verdict_on

from contract.checks.combinations.answered import (
    combination,
    crashes,
    never_5xx,
    of_turns,
)
from contract.checks.combinations.requests import TURNS, UNTHOUGHT
from contract.model.profile import Capability
from contract.testing import rehearse

ANSWER = {"choices": [{"index": 0, "message": {"content": "42"}}]}


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [(200, ANSWER, "pass"), (400, {}, "pass"), (500, {}, "fail"), (200, {}, "fail")],
)
def test_a_combination_is_answered_or_rejected(answer, status, body, word):
    made = combination("of-two", "two features", TURNS, Capability.STOP)
    seen = answer(TURNS[1], status, body)

    assert verdict_on(made, seen, seen).word == word


def test_the_fault_strikes_the_requests_of_its_check_only():
    fault = crashes(of_turns, "It fails.")

    assert fault.id == "crashes-on-of-turns"
    assert rehearse(of_turns, "vllm", fault=fault).findings


@pytest.mark.parametrize(
    ("status", "word"), [(200, "pass"), (400, "pass"), (500, "fail"), (599, "fail")]
)
def test_a_rejection_of_combined_features_is_no_failure(answer, status, word):
    seen = [answer(probe, status, {}) for probe in UNTHOUGHT]

    assert verdict_on(never_5xx, *seen).word == word
