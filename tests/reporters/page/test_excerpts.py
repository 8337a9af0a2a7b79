"""Excerpts of exchanges: beginning and end of the body, times, commands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import KeyMode, Probe
from contract.model.profile import Profile
from contract.model.wire import Request
from contract.providers.vllm.dialect import VLLM_0_16
from contract.reporters.page.excerpts import Command, excerpt, runnable

EXCHANGE = Exchange(
    probe=Probe(name="sum"),
    profile=Profile(id="vllm-0.16", dialect=VLLM_0_16),
    request=Request(
        "POST",
        "/v1/chat/completions",
        (("content-type", "application/json"), ("authorization", "***")),
        b'{"a": 1}',
    ),
    status=200,
    headers=(("content-type", "text/event-stream"),),
    arrivals=(
        Arrival(0.05, b"data: 1\n\ndata: "),
        Arrival(0.07, b"2\n\n"),
        Arrival(0.09, b"data: 3\n\n"),
    ),
    elapsed=0.2,
)


def received(*parts):
    arrivals = tuple(Arrival(0.1 * n, data) for n, data in enumerate(parts, 1))
    return replace(EXCHANGE, arrivals=arrivals)


def test_the_request_is_a_command_without_its_key():
    assert excerpt(EXCHANGE, "http://h", 900).command == (
        "curl -sS http://h/v1/chat/completions -H 'content-type: application/json' "
        '-H "authorization: Bearer $MISTRAL_API_KEY" -d \'{"a":1}\''
    )


def test_a_request_without_a_key_stays_without():
    probe = replace(EXCHANGE.probe, key=KeyMode.NONE)
    found = excerpt(replace(EXCHANGE, probe=probe), "http://h", 900)

    assert "authorization" not in found.command
    assert found.summary.endswith("API key: none")


def test_each_line_has_the_time_at_which_it_began():
    rows = excerpt(EXCHANGE, "http://h", 900).rows

    assert [(row.at, row.text) for row in rows] == [
        ("+0.050 s", "data: 1"),
        ("", "data: 2"),
        ("+0.090 s", "data: 3"),
    ]


def test_the_summary_states_how_the_exchange_ended():
    broken = replace(EXCHANGE, end=End.RESET, note="closed early", repeats=2)

    assert excerpt(EXCHANGE, "", 900).summary == "status 200, complete after 0.200 s"
    assert excerpt(broken, "", 900).summary == (
        "status 200, reset after 0.200 s, closed early, repeated 2 times after a rate "
        "limit"
    )
    assert excerpt(replace(EXCHANGE, status=None), "", 900).summary.startswith(
        "no response"
    )


def test_of_a_long_body_the_beginning_and_the_end_are_shown():
    rows = excerpt(received(b"a" * 500 + b"b" * 500), "", 90).rows

    assert [(row.text, row.left_out) for row in rows] == [
        ("a" * 60, 0),
        ("b" * 30, 910),
    ]


def test_of_many_lines_those_in_the_middle_are_left_out():
    lines = [b"line %d\n" % number for number in range(200)]
    rows = excerpt(received(*lines), "", 10_000).rows

    assert len(rows) == 60
    assert (rows[0].text, rows[-1].text) == ("line 0", "line 199")
    assert sum(row.left_out for row in rows) > 0


def test_header_fields_are_bounded_in_number():
    found = excerpt(replace(EXCHANGE, headers=(("a", "b"),) * 100), "", 900)

    assert (len(found.headers), found.further_headers) == (40, 60)


@pytest.mark.parametrize(("most", "kept"), [(4, True), (3, False)])
def test_a_command_is_whole_or_not_there(most, kept):
    found = runnable("curl", most)

    assert isinstance(found, Command) is kept
    assert kept or found == "The request has 4 characters; --save DIR keeps it."


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(30, 120))
@example([b"\xff\xfe\n", b"", b"\n" * 40, b"a" * 200], 30)
def test_no_byte_is_shown_twice_or_lost_uncounted(parts, most):
    ascii_parts = [bytes(33 + byte % 90 for byte in part) for part in parts]
    found = excerpt(received(*ascii_parts), "", most)
    body = b"".join(ascii_parts).decode()
    shown = "".join(row.text for row in found.rows)

    assert found.size == len(body)
    assert len(shown) + sum(row.left_out for row in found.rows) == len(body)
    assert len(shown) <= most
    assert body.startswith(shown[: most - most // 3])
    assert body.endswith(shown[most - most // 3 :])


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_any_bytes_have_an_excerpt(parts):
    assert excerpt(received(*parts), "", 60).size == sum(map(len, parts))
