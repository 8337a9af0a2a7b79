"""The stand-in and vLLM 0.32.0 say the same to every probe, or there is a reason."""

from __future__ import annotations

import pytest
from beside import asked, names, reason, words

VLLM = "vllm-0.32.0"
# The stand-in does right what vLLM is known to get wrong, and says what it refuses.
STATUS = {
    "file-url-image": "500 in vLLM",
    "image-bomb": "500 in vLLM",
    "image-without-base64": "501 in vLLM",
    "unreachable-image": "500 in vLLM",
    "image-of-canary": "the stand-in opens no address",
    "path-with-slash": "it redirects to no other spelling of a path",
    "preflight": "it serves no page of another origin",
}
REFUSALS = {
    "empty-body": "vLLM takes it for a body that is missing",
    "content-wrong-type": "vLLM names the classes that it tried, one after another",
    "messages-empty": "vLLM names no field",
    "nan-literal": "vLLM's reader of JSON takes NaN",
    "truncated-json": "vLLM's reader counts from where a text began",
}
# What vLLM's model was made to say otherwise, though both read one script.
WORDS = {
    "json-object": "it ends a document as soon as it may",
    "json-schema": "it ends a document as soon as it may",
    "no-tool-whole": "it means to call whatever the choice, and is kept from it",
    "not-stopped": "it repeats nothing",
    "open-": "each draws from the same hat in its own order",
    "scripts-": "it repeats nothing",
    "stopped": "it repeats nothing, and keeps no blank before a stop",
    "tool-": "it means to call one tool, for Rome, whatever is asked",
    "image-thought-about": "it cannot measure images",
    "system-last": "its script begins after a user's turn",
    "user-after-tool": "it has no script for that, and one token is too few to tell",
}
FINISHES = {
    "tool-cut-at-16": "tool_calls in vLLM, where the call was cut",
    "tool-cut-at-20": "tool_calls in vLLM, where the call was cut",
}
NAMES = names(VLLM)


def pairs(name):
    """Each exchange of that name, and what the stand-in says to the same request."""
    return asked(VLLM)[name]


@pytest.mark.parametrize("name", NAMES)
def test_status_and_type_are_the_same(name):
    for real, mock in pairs(name):
        assert (real.status == mock.status) is (name not in STATUS)
        if name not in STATUS:
            assert real.header("content-type") == mock.header("content-type")


def refusal(exchange):
    """The members of an error body, and what clients branch on."""
    value = exchange.json
    inner = value.get("error") if isinstance(value, dict) else None
    if not isinstance(inner, dict):
        return value
    return sorted(inner), inner["type"], inner["param"], inner["code"]


@pytest.mark.parametrize(
    "name",
    [name for name in NAMES if name not in STATUS and pairs(name)[0][0].status >= 400],
)
def test_refusals_are_the_same(name):
    for real, mock in pairs(name):
        assert (refusal(real) == refusal(mock)) is (name not in REFUSALS)


ANSWERED = [name for name in NAMES if name not in STATUS and pairs(name)[0][0].choices]


@pytest.mark.parametrize("name", ANSWERED)
def test_words_and_their_tokens_are_the_same(name):
    for real, mock in pairs(name):
        assert real.count("prompt_tokens") == mock.count("prompt_tokens")
        if reason(WORDS, name):
            continue
        assert words(real) == words(mock)
        assert real.usage == mock.usage


@pytest.mark.parametrize("name", ANSWERED)
def test_choices_finish_alike(name):
    for real, mock in pairs(name):
        assert (real.finishes == mock.finishes) is (name not in FINISHES)


def test_every_reason_is_needed():
    differing = {
        start
        for start in WORDS
        for name in ANSWERED
        if name.startswith(start)
        for real, mock in pairs(name)
        if words(real) != words(mock)
    }

    assert set(WORDS) == differing
