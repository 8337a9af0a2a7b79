"""Event streams while they are read, however their bytes are split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.client.event_stream import EventStream
from contract.model import sse
from contract.model.exchange import DONE

ANSWER = b'data: {"a": 1}\n\n'


def fed(*arrivals):
    stream = EventStream()
    return stream, [stream.feed(data) for data in arrivals]


@pytest.mark.parametrize(
    "sentinel",
    [
        pytest.param(b"data: [DONE]\n\n", id="lf"),
        pytest.param(b"data: [DONE]\r\n\r\n", id="crlf"),
        pytest.param(b"data: [DONE]\r\r", id="cr"),
        pytest.param(b"data:[DONE]\n\n", id="no-space"),
        pytest.param(b"event: message\nid: 7\ndata: [DONE]\n\n", id="other-fields"),
        pytest.param(b": last\ndata: [DONE]\n: more\n\n", id="comments"),
    ],
)
def test_done_is_recognised_wherever_it_is_split(sentinel):
    for cut in range(len(sentinel)):
        whole, _ = fed(ANSWER, sentinel[:cut], sentinel[cut:])
        unfinished, _ = fed(ANSWER, sentinel[:cut])

        assert whole.done
        # The CR of the last CR LF already ends the event.
        assert unfinished.done == (sentinel[cut:] == b"\n" and b"\r" in sentinel)
        assert whole.last_event == (1 if unfinished.done else 2)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"data: [DONE]\n", id="no-blank-line"),
        pytest.param(b"data:  [DONE]\n\n", id="two-spaces"),
        pytest.param(b"data: [DO\ndata: NE]\n\n", id="two-lines"),
        pytest.param(b'data: {"text": "[DONE]"}\n\n', id="in-a-text"),
        pytest.param(b": [DONE]\n\n", id="in-a-comment"),
        pytest.param(b"", id="empty"),
    ],
)
def test_other_bytes_are_not_done(data):
    assert not fed(ANSWER, data)[0].done


def test_the_last_event_is_the_last_arrival_that_completed_one():
    done = b"data: [DONE]\n\n"

    assert fed(ANSWER, done, b": a\n\n")[0].last_event == 1
    assert fed(ANSWER, done, b": a\n\n", ANSWER, b": b\n\n")[0].last_event == 3


@pytest.mark.parametrize(
    ("arrivals", "progress"),
    [
        pytest.param([b": keep-alive\n\n"], [False], id="comment"),
        pytest.param([b":\n\n", b"\r\n", b""], [False] * 3, id="blank"),
        pytest.param([b": keep", b"-alive\n", b"\n"], [False] * 3, id="split-comment"),
        pytest.param([b": a\r", b"\n: b\r\n\r\n"], [False] * 2, id="split-line-end"),
        pytest.param([b"da", b"ta: 1", b"\n\n"], [True, True, False], id="split-event"),
        pytest.param([b": a\n\n" + ANSWER], [True], id="comment-and-event"),
        pytest.param([b": a\nda", b": b\n"], [True, True], id="a-colon-in-a-line"),
        pytest.param([b"retry: 3000\n\n"], [True], id="another-field"),
    ],
)
def test_comments_and_blank_lines_are_no_progress(arrivals, progress):
    assert progress == fed(*arrivals)[1]


@given(
    st.lists(
        st.sampled_from([b"data: [DONE]", b"\n", b"\r", b": c", b"[DO", b"NE]", b"x"])
    )
)
def test_it_agrees_with_the_parser(arrivals):
    parser = sse.Parser()
    events = [event.data for data in arrivals for event in parser.feed(data)]

    assert fed(*arrivals)[0].done == (DONE in events)
