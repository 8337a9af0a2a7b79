"""Tests of the pace of streams with a feature, compared with plain streams."""

import json
from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.faults.chunks import text_frames
from contract.checks.streaming.buffering import (
    TOOLS_STREAM,
    formats_are_not_buffered,
    images_are_not_buffered,
    tools_are_not_buffered,
)
from contract.model.reply import Frame, rehearse

PROFILE = builtin()["vllm-0.32"]


def streamed(probe, first, spread):
    """A stream whose texts arrive from *first* on, over *spread* seconds."""
    reply = mock_reply(PROFILE, probe)
    texts = text_frames(reply)
    frames, at, number = [], first, 0
    for place, frame in enumerate(reply.frames):
        if place in texts:
            at = first + spread * number / (len(texts) - 1)
            number += 1
        frames.append(Frame(at, frame.data))
    return rehearse(reply.with_frames(frames), probe, PROFILE)


def in_one_event(probe, at):
    """A stream that has its whole text in one event, as Ollama's with tools had."""
    reply = mock_reply(PROFILE, probe)
    first, *others = text_frames(reply)
    kept = [frame for place, frame in enumerate(reply.frames) if place not in others]
    joined = rehearse(reply, probe, PROFILE)
    text = "".join(piece.text for piece in joined.pieces)
    chunk = {"choices": [{"index": 0, "delta": {"content": text}}]}
    kept[first] = Frame(at, b"data: " + json.dumps(chunk).encode() + b"\n\n")
    return rehearse(
        reply.with_frames(Frame(at, frame.data) for frame in kept), probe, PROFILE
    )


def verdict(check, plain, featured):
    """The verdict of *check* on plain streams and two others, as (first, spread)."""
    times = (plain, featured[0], plain, featured[1])
    pairs = zip(check.sends, times, strict=True)
    return verdict_on(check, *(streamed(probe, *each) for probe, each in pairs))


CHECKS = (tools_are_not_buffered, images_are_not_buffered, formats_are_not_buffered)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_streams_with_a_feature_that_are_held_back_are_found(check):
    (found,) = verdict(check, (0.1, 2.0), [(1.9, 0.01), (2.1, 0.01)]).findings

    assert "was held back and arrived all at once" in found.message
    assert "after 1.90 s without any" in found.actual


@pytest.mark.parametrize(
    "featured",
    [
        pytest.param([(0.1, 2.0)] * 2, id="paced"),
        pytest.param([(0.1, 0.01)] * 2, id="from-a-cache"),
        pytest.param([(1.9, 0.01), (0.1, 2.0)], id="one-of-two"),
        pytest.param([(5.0, 2.0)] * 2, id="a-slow-first-token"),
        pytest.param([(0.1, 1.0)] * 2, id="twice-as-fast"),
    ],
)
def test_streams_at_another_pace_pass(featured):
    assert verdict(tools_are_not_buffered, (0.1, 2.0), featured).word == "pass"


def test_text_in_a_single_event_is_found():
    beside, one, other_beside, other = tools_are_not_buffered.sends

    seen = verdict_on(
        tools_are_not_buffered,
        streamed(beside, 0.1, 2.0),
        in_one_event(one, 2.0),
        streamed(other_beside, 0.1, 2.0),
        in_one_event(other, 2.0),
    )

    assert seen.word == "fail"
    assert seen.findings[0].actual == (
        "1 events with text within 0.0 ms, after 2.00 s without any"
    )


def test_a_fast_model_and_a_server_that_holds_all_streams_back_are_not_judged():
    for plain in ((0.1, 0.05), (2.0, 0.01)):
        seen = verdict(tools_are_not_buffered, plain, [(2.0, 0.01)] * 2)

        assert seen.word == "skip"
        assert "too short to judge" in seen.skipped


def test_a_reply_that_is_no_stream_is_not_judged():
    whole = replace(TOOLS_STREAM, stream=False)
    reply = rehearse(mock_reply(PROFILE, whole), whole, PROFILE)

    seen = verdict_on(
        tools_are_not_buffered,
        *(streamed(probe, 0.1, 2.0) for probe in tools_are_not_buffered.sends[:3]),
        reply,
    )

    assert seen.skipped == "a reply is not an event stream"
