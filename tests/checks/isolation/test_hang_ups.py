"""Whoever hangs up takes nothing along: the next request is answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.isolation.hang_ups import (
    ABANDONED,
    AFTER,
    survives_hang_ups,
)
from contract.model.exchange import End
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]
LEFT = [rehearse(told(PROFILE, probe), probe, PROFILE) for probe in ABANDONED]
ANSWERED = rehearse(told(PROFILE, AFTER), AFTER, PROFILE)


def test_the_rehearsed_client_goes_at_the_first_byte():
    assert {(End.LEFT, 1)} == {(x.end, len(x.arrivals)) for x in LEFT}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param({}, "pass", id="answered"),
        pytest.param({"status": 503}, "fail", id="busy"),
        pytest.param({"end": End.RESET, "note": "cut"}, "fail", id="reset"),
        pytest.param({"arrivals": ()}, "fail", id="nothing"),
    ],
)
def test_the_request_afterwards_is_what_counts(change, word):
    after = replace(ANSWERED, **change)

    assert word == judged(survives_hang_ups, *LEFT, after).word


def test_answers_shorter_than_the_patience_of_the_client_prove_nothing():
    whole = [replace(x, end=End.COMPLETE) for x in LEFT]

    assert "skip" == judged(survives_hang_ups, *whole, ANSWERED).word
