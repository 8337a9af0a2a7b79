"""Heads of messages: what is passed on, and what is for one hop only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.proxying.heads import Head, origin_form


def head(*lines, first=b"POST /v1/chat/completions HTTP/1.1"):
    return Head.read(b"\r\n".join([first, *lines]) + b"\r\n\r\n")


def sent(one, **more):
    given = {
        "method": b"POST",
        "target": b"/v1",
        "host": b"llm.test",
        "via": b"1.1 x",
        **more,
    }
    return one.request(**given).decode().split("\r\n")


def test_fields_of_one_hop_are_not_passed_on():
    lines = sent(
        head(
            b"Host: 127.0.0.1:8701",
            b"Connection: keep-alive, X-Mine",
            b"X-Mine: gone",
            b"Keep-Alive: timeout=5",
            b"TE: trailers",
            b"Upgrade: h2c",
            b"Proxy-Authorization: Basic secret",
            b"X-Kept:  as it is ",
        )
    )

    assert lines == [
        "POST /v1 HTTP/1.1",
        "Host: llm.test",
        "X-Kept:  as it is ",
        "Via: 1.1 x",
        "",
        "",
    ]


def test_connection_cannot_take_the_length_of_the_body_away():
    lines = sent(head(b"Connection: Content-Length", b"Content-Length: 2"))

    assert "Content-Length: 2" in lines


def test_a_field_is_added_unless_the_client_sends_it():
    added = [(b"X-Tenant", b"blue"), (b"X-Team", b"red")]
    lines = sent(head(b"x-tenant: own"), added=added)

    assert "x-tenant: own" in lines
    assert "X-Team: red" in lines
    assert "X-Tenant: blue" not in lines


@pytest.mark.parametrize(
    ("version", "field", "persists"),
    [
        ("1.1", b"X: y", True),
        ("1.1", b"Connection: close", False),
        ("1.1", b"Connection: x, Close", False),
        ("1.0", b"X: y", False),
        ("1.0", b"Connection: Keep-Alive", True),
    ],
)
def test_whether_the_connection_is_kept(version, field, persists):
    assert head(field).persists(version) is persists


@pytest.mark.parametrize(
    ("first", "status"),
    [
        (b"HTTP/1.1 200 OK", 200),
        (b"HTTP/1.1 503", 503),
        (b"HTTP/1.1 20 OK", 0),
        (b"ICY 200 OK", 0),
        (b"", 0),
    ],
)
def test_the_status_of_a_response(first, status):
    assert head(first=first).status == status


def test_a_response_for_a_client_without_chunks_is_not_said_to_have_any():
    one = head(
        b"Transfer-Encoding: chunked",
        b"Content-Type: text/plain",
        first=b"HTTP/1.1 200 OK",
    )

    assert one.response(persists=False, whole_chunks=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    )
    assert b"Transfer-Encoding: chunked" in one.response(persists=True)


@given(
    st.lists(
        st.from_regex(rb"\AX-[A-Za-z0-9-]{1,10}: ?[!-~ ]{0,20}\Z").filter(
            lambda line: b"\n" not in line
        )
    )
)
def test_every_other_field_line_is_passed_on_as_it_is(lines):
    raw = head(*lines, first=b"HTTP/1.1 200 OK").response(persists=True)

    assert raw == b"\r\n".join([b"HTTP/1.1 200 OK", *lines]) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/v1/models?x=1", b"/v1/models?x=1"),
        (b"http://evil.example/v1/models", b"/v1/models"),
        (b"HTTPS://evil.example", b"/"),
        (b"*", b"*"),
    ],
)
def test_a_host_in_the_target_is_ignored(target, path):
    assert origin_form(target) == path
