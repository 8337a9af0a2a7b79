"""Tests of the pace of an answer, compared with that of the reasoning before it."""

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.faults.chunks import text_frames
from contract.checks.streaming.held_answers import (
    STREAMS,
    answer_held_back,
    answer_is_not_held_back,
)
from contract.model.chat import PieceKind
from contract.model.reply import Frame, rehearse

PROFILE = builtin()["vllm-0.32"]
THOUGHT = frozenset({PieceKind.REASONING})
ANSWER = frozenset({PieceKind.ANSWER})


def paced(probe=STREAMS[0], step=0.02, pause=0.02, answer_step=0.02, change=None):
    """A stream with *step* seconds between its texts, and a pause before the answer."""
    reply = mock_reply(PROFILE, probe)
    thoughts, answers = text_frames(reply, THOUGHT), text_frames(reply, ANSWER)
    frames, at = [], 0.1
    for number, frame in enumerate(reply.frames):
        if number in thoughts:
            at += step
        elif answers and number == answers[0]:
            at += pause
        elif number in answers:
            at += answer_step
        frames.append(Frame(at, frame.data))
    reply = reply.with_frames(frames)
    return rehearse(reply if change is None else change(reply), probe, PROFILE)


def verdict(*streams):
    return verdict_on(answer_is_not_held_back, *streams)


def test_an_answer_at_the_pace_of_the_reasoning_passes():
    assert verdict(paced()).word == "pass"


def test_an_answer_that_is_held_back_is_found():
    held = paced(change=answer_held_back.apply)

    assert verdict(held).word == "fail"
    assert verdict(held, held, held).word == "fail"


def test_one_stream_that_is_not_held_back_is_enough_to_pass():
    held = paced(change=answer_held_back.apply)

    assert verdict(held, paced(), held).word == "pass"


def test_a_fast_answer_without_a_pause_passes():
    """Speculative decoding is fast where an answer repeats the prompt."""
    assert verdict(paced(answer_step=0.001)).word == "pass"


def test_a_pause_before_an_answer_that_is_streamed_passes():
    assert verdict(paced(pause=5.0)).word == "pass"


@pytest.mark.parametrize("step", [0.0, 0.0005])
def test_a_generation_that_is_too_short_is_not_judged(step):
    assert verdict(paced(step=step, answer_step=step)).word == "skip"


def test_a_stream_without_reasoning_is_not_judged():
    def only_answer(reply):
        thoughts = text_frames(reply, THOUGHT)
        kept = [f for n, f in enumerate(reply.frames) if n not in thoughts]
        return reply.with_frames(kept)

    assert verdict(paced(change=only_answer)).word == "skip"
