"""Content codings are undone for judges, portion by portion."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalog.profiles import named
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probes import SUM
from contract.model.wire import Request
from contract.run import content_coding
from contract.run.content_coding import coding_of, decoded, is_readable

REQUEST = Request("POST", "/v1/chat/completions")


def exchange(body, coding, *cuts, **more):
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    return Exchange(
        probe=SUM,
        profile=named("vllm"),
        request=REQUEST,
        status=200,
        headers=(("content-encoding", coding), ("content-length", str(len(body)))),
        arrivals=tuple(
            Arrival(0.1 * n, body[a:b]) for n, (a, b) in enumerate(pairwise(places))
        ),
        **more,
    )


@given(
    st.binary(max_size=300),
    st.lists(st.integers(0, 300), max_size=4),
    st.sampled_from(["gzip", "x-gzip", "deflate", "GZIP"]),
)
def test_what_was_compressed_is_read(body, cuts, coding):
    packed = zlib.compress(body) if coding == "deflate" else gzip.compress(body)
    found = decoded(exchange(packed, coding, *cuts))

    assert found.body == body
    assert found.headers == ()


@pytest.mark.parametrize(
    ("body", "coding"),
    [(b"{}", "gzip"), (b"\x1f\x8b\x08", "gzip"), (b"x", "br"), (b"{}", "identity")],
)
def test_what_cannot_be_read_stays_as_it_is(body, coding):
    one = exchange(body, coding)

    assert decoded(one) is one


def test_a_response_that_was_cut_off_is_read_as_far_as_it_goes():
    packed = gzip.compress(b"data: 1\n\n" * 50)
    found = decoded(exchange(packed[:-8], "gzip", end=End.RESET))

    assert found.body == b"data: 1\n\n" * 50


def test_a_body_that_grows_without_bound_is_not_read(monkeypatch):
    monkeypatch.setattr(content_coding, "MOST", 1_000)
    one = exchange(gzip.compress(bytes(100_000)), "gzip")

    assert decoded(one) is one


def test_which_codings_are_known():
    assert is_readable(exchange(b"", "gzip"))
    assert not is_readable(exchange(b"", "br"))
    assert (coding_of(exchange(b"", " BR ")), coding_of(exchange(b"", "identity"))) == (
        "br",
        "",
    )
