"""The stand-in and Transformers 5.23.0 say the same, or there is a reason."""

from __future__ import annotations

import pytest
from beside import asked, names, reason, words

TRANSFORMERS = "transformers-5.23.0"
# It fails at many wrong requests that the stand-in refuses, and at some right ones.
FAILS = 500
STATUS = {
    "image-of-canary": "the stand-in opens no address",
    "path-with-slash": "the stand-in redirects to no other spelling of a path",
    "stream-wrong-type": "Transformers takes any text for true",
}
SERVED = {
    "image-of-27": "Transformers fails at less than a cell",
    "image-of-28": "Transformers fails at a single cell",
    "smallest-image": "Transformers fails at less than a cell",
    "penalties-lowest": "Transformers divides by a penalty of nothing",
}
WORDS = {
    "image-thought-about": "its model cannot measure images",
    "last-message-is-assistant": "Transformers goes on with a last assistant message",
    "no-tool-whole": "its model means to call whatever the choice",
    "open-": "each draws from the same hat in its own order",
    "scripts-": "its model repeats nothing",
    "tool-": "its model means to call one tool, for Rome, whatever is asked",
}
FINISHES = {
    "last-message-is-assistant": "Transformers goes on with a last assistant message",
    "no-tool-whole": "its model means to call whatever the choice",
    "penalties-highest": "Transformers applies the penalties, the stand-in none",
    "stream-": "the bound falls on the last token of its smaller vocabulary",
    "tool-cut-at-16": "tool_calls in Transformers, where the call was cut",
    "tool-cut-at-20": "tool_calls in Transformers, where the call was cut",
    "tool-streamed-cut-at-16": "tool_calls in Transformers, where the call was cut",
}
NAMES = names(TRANSFORMERS)


def pairs(name):
    """Each exchange of that name, and what the stand-in says to the same request."""
    return asked(TRANSFORMERS)[name]


ANSWERED = [
    name
    for name in NAMES
    if all(real.status == mock.status and real.choices for real, mock in pairs(name))
]


def alike(real, mock):
    """
    Whether both say the same.

    The vocabulary of its model is a part of Tekken's, so what a bound on tokens cuts
    is longer in one than in the other.
    """
    heard, said = words(real), words(mock)
    cut = any(
        "length" in ends for one in (real, mock) for ends in one.finishes.values()
    )
    if not cut:
        return heard == said
    texts = zip(heard[0], said[0], strict=False)
    return all(a.startswith(b) or b.startswith(a) for a, b in texts)


@pytest.mark.parametrize("name", NAMES)
def test_status_is_the_same(name):
    for real, mock in pairs(name):
        if real.status == FAILS:
            assert (mock.status < 400) is (name in SERVED)
        else:
            assert (real.status == mock.status) is (name not in STATUS)


@pytest.mark.parametrize("name", ANSWERED)
def test_types_are_the_same(name):
    for real, mock in pairs(name):
        assert real.header("content-type") == mock.header("content-type")


@pytest.mark.parametrize("name", [n for n in ANSWERED if not reason(WORDS, n)])
def test_words_are_the_same(name):
    assert all(alike(real, mock) for real, mock in pairs(name))


@pytest.mark.parametrize("name", [n for n in ANSWERED if not reason(FINISHES, n)])
def test_choices_finish_alike(name):
    assert all(real.finishes == mock.finishes for real, mock in pairs(name))


@pytest.mark.parametrize(
    ("known", "same"),
    [
        pytest.param(WORDS, alike, id="words"),
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
