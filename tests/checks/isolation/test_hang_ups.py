"""Disconnect check: the request after abandoned streams."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.isolation.hang_ups import ABANDONED, AFTER, survives_hang_ups
from contract.model.exchange import End
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]
LEFT = [rehearse(mock_reply(PROFILE, probe), probe, PROFILE) for probe in ABANDONED]
ANSWERED = rehearse(mock_reply(PROFILE, AFTER), AFTER, PROFILE)


def test_the_client_disconnects_at_the_first_byte():
    assert {(End.LEFT, 1)} == {(x.end, len(x.arrivals)) for x in LEFT}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param({}, "pass", id="answered"),
        pytest.param({"status": 503}, "fail", id="busy"),
        pytest.param({"end": End.RESET, "note": "cut"}, "fail", id="reset"),
        pytest.param({"arrivals": ()}, "fail", id="empty"),
    ],
)
def test_the_next_request_must_be_answered(change, word):
    after = replace(ANSWERED, **change)

    assert word == verdict_on(survives_hang_ups, *LEFT, after).word


def test_answers_that_end_before_the_disconnect_are_skipped():
    whole = [replace(x, end=End.COMPLETE) for x in LEFT]

    assert "skip" == verdict_on(survives_hang_ups, *whole, ANSWERED).word
