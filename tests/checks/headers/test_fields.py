"""Header field checks: Accept, Content-Type, x-request-id and Date."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.checks.headers import fields
from contract.model.probes import SUM_WHOLE

SSE = "text/event-stream"


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (200, SSE, "pass"),
        (200, "application/json", "fail"),
        (406, "application/json", "fail"),
    ],
)
def test_a_client_that_accepts_only_a_stream_must_get_one(answer, status, kind, word):
    exchange = answer(fields.ACCEPT_STREAM, status)
    exchange = replace(exchange, headers=(("content-type", kind),))

    assert word == verdict_on(fields.accept_event_stream, exchange).word


@pytest.mark.parametrize(
    ("status", "word"), [(200, "pass"), (415, "fail"), (422, "fail")]
)
def test_a_charset_must_be_accepted(answer, status, word):
    exchange = answer(fields.CHARSET, status)

    assert word == verdict_on(fields.content_type_with_charset, exchange).word


@pytest.mark.parametrize(
    ("ids", "word"),
    [
        pytest.param(("a", "b", "c"), "pass", id="three"),
        pytest.param(("a", "b", "a"), "fail", id="again"),
        pytest.param((None, "b", None), "pass", id="one"),
        pytest.param((None, "", None), "skip", id="none"),
    ],
)
def test_request_ids_must_differ(answer, ids, word):
    exchange = [
        answer(SUM_WHOLE, headers=(("x-request-id", one),) if one is not None else ())
        for one in ids
    ]

    assert word == verdict_on(fields.request_ids_differ, *exchange).word


@pytest.mark.parametrize(
    ("date", "word"),
    [
        ("Tue, 15 Nov 1994 08:12:31 GMT", "pass"),
        ("Wed, 15 Nov 1994 08:12:31 GMT", "fail"),
        ("Tue, 15 Nov 1994 08:12:31 +0000", "fail"),
        ("Tuesday, 15-Nov-94 08:12:31 GMT", "fail"),
        ("2025-09-18T09:00:00Z", "fail"),
        ("", "fail"),
        (None, "skip"),
    ],
)
def test_a_date_must_be_in_the_http_format(answer, date, word):
    headers = () if date is None else (("date", date),)

    assert (
        word
        == verdict_on(fields.date_is_readable, answer(SUM_WHOLE, headers=headers)).word
    )
