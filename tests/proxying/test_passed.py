"""Frames between the relay and the judge."""

from __future__ import annotations

import io
from array import array

from hypothesis import given
from hypothesis import strategies as st

from contract.model.exchange import End
from contract.proxying.passed import Frames, Passed, frame

TEXT = st.text(st.characters(codec="latin-1"), max_size=20)
SECONDS = st.floats(0, 1e6)
PASSED = st.builds(
    Passed,
    number=st.integers(1, 10**9),
    method=TEXT,
    path=TEXT,
    headers=st.lists(st.tuples(TEXT, TEXT), max_size=3),
    body=st.binary(max_size=100),
    sends=st.lists(st.tuples(SECONDS, st.integers(0, 9)), max_size=3),
    status=st.none() | st.integers(100, 599),
    response_headers=st.lists(st.tuples(TEXT, TEXT), max_size=3),
    times=st.lists(SECONDS, max_size=5).map(lambda one: array("d", one)),
    response=st.binary(max_size=100),
    end=st.sampled_from(End),
    note=TEXT,
    elapsed=SECONDS,
    lost=TEXT,
)


@given(st.lists(PASSED, max_size=3))
def test_what_is_sent_is_read_back(passed):
    for one in passed:
        one.sizes = array("Q", [0] * len(one.times))
    raw = b"".join(b"".join(one.encode()) for one in passed) + frame("ended", n=1)

    read = [*Frames(io.BytesIO(raw).read)]

    assert read == [*passed, {"kind": "ended", "n": 1}]


@given(PASSED, st.data())
def test_a_frame_that_is_cut_off_ends_the_reading(passed, data):
    passed.sizes = array("Q", [0] * len(passed.times))
    raw = b"".join(passed.encode())
    cut = (
        data.draw(st.integers(0, len(raw) - 1)) if not passed.response else len(raw) - 1
    )

    assert [*Frames(io.BytesIO(raw[: min(cut, 3)]).read)] == []
    if passed.response:
        assert [*Frames(io.BytesIO(raw[:-1]).read)] == []
