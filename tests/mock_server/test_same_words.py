"""Tests of the mock against vLLM 0.32.0: equal responses, except for listed reasons."""

from __future__ import annotations

from support.each import each
from support.recordings import (
    output_of,
    reason_not_compared,
    recorded_exchanges,
    recorded_names,
)

VLLM = "vllm-0.32.0"
# The mock has none of vLLM's known defects, and an error message for each rejection.
STATUS = {
    "attached-audio-as-text": "500 in vLLM",
    "file-url-image": "500 in vLLM",
    "image-bomb": "500 in vLLM",
    "image-without-base64": "501 in vLLM",
    "result-with-audio-as-text": "500 in vLLM",
    "unreachable-image": "500 in vLLM",
    "image-of-canary": "the mock fetches no URL",
    "path-with-slash": "the mock does not redirect from other forms of a path",
    "preflight": "the mock has no support for other origins (CORS)",
}
REJECTIONS = {
    "messages-empty": "vLLM names no field",
}
# Where vLLM's model generates other text, though both use the same scripts.
OUTPUT = {
    "json-object": "it ends a document as early as possible",
    "json-schema": "it ends a document as early as possible",
    "no-tool-whole": "it starts a call whatever the choice, and is prevented from it",
    "long-count": "it does not count",
    "not-stopped": "it repeats nothing",
    "other-long-count": "it does not count",
    "open-": "random answers come in another order",
    "scripts-": "it repeats nothing",
    "stopped": "it repeats nothing, and drops the space before a stop string",
    "tool-": "it calls one tool, for Rome, whatever the request",
    "first-tool": "it calls one tool, for Rome, whatever the request",
    "two-tools": "it calls one tool, for Rome, whatever the request",
    "image-thought-about": "it cannot measure images",
    "picture-after-turns": "it cannot measure images",
    "picture-and-choices": "it cannot measure images",
    "rhythm-with-image": "it cannot measure images",
    "format-": "it ends a document as early as possible",
    "picture-and-format": "it ends a document as early as possible",
    "rhythm-with-format": "it ends a document as early as possible",
    "repeat-": "it repeats nothing",
    "call-after-result": "it takes a result anywhere for the last one",
    "tools-and-": "it takes a result anywhere for the last one",
    "system-last": "its scripts begin after a user message",
}
FINISHES = {
    **{
        f"{name}-{form}": "the model takes a result anywhere for the last one"
        for name in ("call-after-result", "tools-and-choices", "tools-and-stop")
        for form in ("streamed", "whole")
    },
    "tool-cut-at-16": "tool_calls in vLLM, where the call was truncated",
    "tool-cut-at-20": "tool_calls in vLLM, where the call was truncated",
}
NAMES = recorded_names(VLLM)


def pairs(name):
    """Each exchange of that name, and the mock's for the same request."""
    return recorded_exchanges(VLLM)[name]


@each("name", NAMES)
def test_status_and_type_are_the_same(name):
    for real, mock in pairs(name):
        assert (real.status == mock.status) is (name not in STATUS)
        if name not in STATUS:
            assert real.header("content-type") == mock.header("content-type")


def rejection(exchange):
    """The members of an error body, and those that clients branch on."""
    value = exchange.json
    inner = value.get("error") if isinstance(value, dict) else None
    if not isinstance(inner, dict):
        return value
    return sorted(inner), inner["type"], inner["param"], inner["code"]


@each(
    "name",
    [name for name in NAMES if name not in STATUS and pairs(name)[0][0].status >= 400],
)
def test_rejections_are_the_same(name):
    for real, mock in pairs(name):
        assert (rejection(real) == rejection(mock)) is (name not in REJECTIONS)


ANSWERED = [name for name in NAMES if name not in STATUS and pairs(name)[0][0].choices]


@each("name", ANSWERED)
def test_text_and_usage_are_the_same(name):
    for real, mock in pairs(name):
        assert real.count("prompt_tokens") == mock.count("prompt_tokens")
        if reason_not_compared(OUTPUT, name):
            continue
        assert output_of(real) == output_of(mock)
        assert real.usage == mock.usage


@each("name", ANSWERED)
def test_finish_reasons_are_the_same(name):
    for real, mock in pairs(name):
        assert (real.finishes == mock.finishes) is (name not in FINISHES)


def test_every_reason_is_needed():
    differing = {
        start
        for start in OUTPUT
        for name in ANSWERED
        if name.startswith(start)
        for real, mock in pairs(name)
        if (output_of(real), real.usage) != (output_of(mock), mock.usage)
    }

    assert set(OUTPUT) == differing
