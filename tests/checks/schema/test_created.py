from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.checks.schema.created import created_is_now
from contract.model.probes import SUM_WHOLE

NOW = 1_790_000_000
DAY = 86_400


@pytest.mark.parametrize(
    ("created", "word"),
    [
        (NOW, "pass"),
        (NOW - DAY, "pass"),
        (NOW + DAY, "pass"),
        (NOW + DAY + 1, "fail"),
        (NOW * 1_000, "fail"),
        (0, "fail"),
        (-(10**30), "fail"),
        ("now", "skip"),
        (True, "skip"),
        (None, "skip"),
    ],
)
def test_created_must_be_the_current_time(answer, created, word):
    seen = replace(answer(SUM_WHOLE, 200, {"created": created}), sent_at=NOW)

    assert verdict_on(created_is_now, seen).word == word


def test_milliseconds_are_named(answer):
    seen = replace(answer(SUM_WHOLE, 200, {"created": NOW * 1_000}), sent_at=NOW)

    assert "milliseconds" in verdict_on(created_is_now, seen).findings[0].actual


@pytest.mark.parametrize(
    ("date", "word"),
    [
        ("Mon, 21 Sep 2026 14:13:20 GMT", "pass"),
        ("Mon, 21 Sep 1970 14:13:20 GMT", "fail"),
        ("yesterday", "skip"),
        (None, "skip"),
    ],
)
def test_the_date_of_the_response_stands_in_for_the_time_of_the_request(
    answer, date, word
):
    headers = () if date is None else (("date", date),)
    seen = replace(answer(SUM_WHOLE, 200, {"created": NOW}), headers=headers)

    assert verdict_on(created_is_now, seen).word == word


def test_a_stream_is_judged_by_its_first_chunk(stream, good):
    assert verdict_on(created_is_now, replace(stream(good), sent_at=NOW)).word == "fail"
