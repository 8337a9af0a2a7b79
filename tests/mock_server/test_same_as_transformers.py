"""Tests of the mock against Transformers 5.23.0, except for listed reasons."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from support.each import each
from support.recordings import (
    output_of,
    reason_not_compared,
    recorded_exchanges,
    recorded_names,
)

TRANSFORMERS = "transformers-5.23.0"
STATUS = {
    "image-of-canary": "the mock fetches no URL",
    "path-with-slash": "the mock does not redirect from other forms of a path",
    "stream-wrong-type": "Transformers accepts any string as true",
}
# Valid requests that Transformers answers with 500; it also does so for many invalid
# requests, which the mock rejects.
ANSWERED_BY_MOCK = {
    **{
        f"{where}-{part}": "Transformers fails for a model without an audio encoder"
        for where in ("attached", "result-with")
        for part in ("audio", "audio-as-text")
    },
    **{
        f"{which}-arguments": "Transformers fails on arguments that are not JSON"
        for which in ("cut", "empty", "prose")
    },
    "result-with-image": "Transformers fails on an image in a tool result",
    "image-of-27": "Transformers fails with less than one patch",
    "image-of-28": "Transformers fails with a single patch",
    "smallest-image": "Transformers fails with less than one patch",
    "penalties-lowest": "Transformers divides by a penalty of zero",
}
OUTPUT = {
    "call-after-result": "its model takes a result anywhere for the last one",
    "first-tool": "its model calls one tool, for Rome, whatever the request",
    "two-tools": "its model calls one tool, for Rome, whatever the request",
    "image-thought-about": "its model cannot measure images",
    "picture-after-turns": "its model cannot measure images",
    "rhythm-with-image": "its model cannot measure images",
    "repeat-": "its model repeats nothing",
    "last-message-is-assistant": "Transformers continues a last assistant message",
    "long-count": "its model does not count",
    "no-tool-whole": "its model starts a call whatever the choice",
    "other-long-count": "its model does not count",
    "open-": "random answers come in another order",
    "scripts-": "its model repeats nothing",
    "tool-": "its model calls one tool, for Rome, whatever the request",
}
FINISHES = {
    **{
        f"call-after-result-{form}": "its model takes any result for the last message"
        for form in ("streamed", "whole")
    },
    "last-message-is-assistant": "Transformers continues a last assistant message",
    "no-tool-whole": "its model starts a call whatever the choice",
    "penalties-highest": "Transformers applies the penalties, the mock does not",
    "stream-": "the limit falls on the last token of its smaller vocabulary",
    "tool-cut-at-16": "tool_calls in Transformers, where the call was truncated",
    "tool-cut-at-20": "tool_calls in Transformers, where the call was truncated",
    "tool-streamed-cut-at-16": "tool_calls in Transformers for a truncated call",
}
NAMES = recorded_names(TRANSFORMERS)


def pairs(name):
    """Each exchange of that name, and the mock's for the same request."""
    return recorded_exchanges(TRANSFORMERS)[name]


ANSWERED = [
    name
    for name in NAMES
    if all(real.status == mock.status and real.choices for real, mock in pairs(name))
]


def same_output(real, mock):
    """
    Whether the text is the same.

    The vocabulary of the tiny model is a part of Tekken's, so text that a token limit
    truncates is longer in one than in the other.
    """
    expected, actual = output_of(real), output_of(mock)
    truncated = any(
        "length" in ends for one in (real, mock) for ends in one.finishes.values()
    )
    if not truncated:
        return expected == actual
    texts = zip(expected[0], actual[0], strict=False)
    return all(a.startswith(b) or b.startswith(a) for a, b in texts)


@each("name", NAMES)
def test_status_is_the_same(name):
    for real, mock in pairs(name):
        if real.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            assert (mock.status < 400) is (name in ANSWERED_BY_MOCK)
        else:
            assert (real.status == mock.status) is (name not in STATUS)


@each("name", ANSWERED)
def test_content_types_are_the_same(name):
    for real, mock in pairs(name):
        assert real.header("content-type") == mock.header("content-type")


@each("name", [n for n in ANSWERED if not reason_not_compared(OUTPUT, n)])
def test_text_is_the_same(name):
    assert all(same_output(real, mock) for real, mock in pairs(name))


@each("name", [n for n in ANSWERED if not reason_not_compared(FINISHES, n)])
def test_finish_reasons_are_the_same(name):
    assert all(real.finishes == mock.finishes for real, mock in pairs(name))


@pytest.mark.parametrize(
    ("known", "same"),
    [
        pytest.param(OUTPUT, same_output, id="output"),
        pytest.param(FINISHES, lambda r, m: r.finishes == m.finishes, id="finishes"),
    ],
)
def test_every_reason_is_needed(known, same):
    differing = {
        start
        for start in known
        for name in ANSWERED
        if name.startswith(start) and not all(same(*pair) for pair in pairs(name))
    }

    assert set(known) == differing
