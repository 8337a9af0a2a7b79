"""Retry-After: seconds, dates, and everything that is neither."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalog.profiles import builtin
from contract.client.retry_after import is_rate_limited, retry_after
from contract.model.exchange import Exchange
from contract.model.probes import HELLO
from contract.model.wire import Request

NOW = "Thu, 26 Nov 2026 18:00:00 GMT"


def answer(status=429, **headers):
    return Exchange(
        probe=HELLO,
        profile=builtin()["vllm-0.32"],
        request=Request("POST", "/v1/chat/completions"),
        status=status,
        headers=tuple((name.replace("_", "-"), v) for name, v in headers.items()),
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="now"),
        pytest.param("1.5", 1.5, id="a-fraction"),
        pytest.param("Thu, 26 Nov 2026 18:00:42 GMT", 42.0, id="date"),
        pytest.param("Thursday, 26-Nov-26 18:01:00 GMT", 60.0, id="obsolete-date"),
        pytest.param("Thu, 26 Nov 2026 17:00:00 GMT", 0.0, id="past"),
        pytest.param("Thu, 26 Nov 2026 18:00:42", 42.0, id="no-zone"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="word"),
        pytest.param("-1", None, id="negative"),
        pytest.param("nan", None, id="not-a-number"),
        pytest.param("9" * 400, None, id="too-many-digits"),
        pytest.param("Thu, 99 Nov 2026 18:00:42 GMT", None, id="no-such-day"),
    ],
)
def test_the_wait_is_read_by_the_clock_of_the_server(value, seconds):
    assert seconds == retry_after(answer(retry_after=value, date=NOW))


def test_without_a_date_this_clock_is_used():
    assert 0.0 == retry_after(answer(retry_after=NOW.replace("2026", "2020")))


def test_no_header_names_no_wait():
    assert retry_after(answer()) is None


@given(st.text(), st.text())
def test_any_text_is_a_wait_or_none(value, date):
    seconds = retry_after(answer(retry_after=value, date=date))

    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


@pytest.mark.parametrize(
    ("exchange", "limited"),
    [
        pytest.param(answer(429), True, id="429"),
        pytest.param(answer(503), False, id="permanent-503"),
        pytest.param(answer(503, retry_after="1"), True, id="503-with-a-moment"),
        pytest.param(answer(503, retry_after="later"), False, id="503-without-sense"),
        pytest.param(answer(301, retry_after="1"), False, id="another-status"),
        pytest.param(answer(None), False, id="no-response"),
    ],
)
def test_a_rate_limit_is_a_429_or_a_503_that_names_a_moment(exchange, limited):
    assert limited is is_rate_limited(exchange)
