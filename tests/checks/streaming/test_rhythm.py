"""Tests of the rhythm of streams, compared with whole replies of the same server."""

from dataclasses import replace
from itertools import cycle

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.faults.chunks import text_frames
from contract.checks.streaming.rhythm import (
    FIRST_TOKENS,
    SAMPLES,
    STREAMS,
    WHOLES,
    arrives_incrementally,
    does_not_stall,
)
from contract.model.exchange import Arrival
from contract.model.reply import Frame, rehearse

PROFILE = builtin()["vllm-0.32"]


def whole(probe, took):
    """A whole reply that ends after so many seconds."""
    exchange = rehearse(mock_reply(PROFILE, probe), probe, PROFILE)
    arrivals = tuple(Arrival(took, one.data) for one in exchange.arrivals)
    return replace(exchange, arrivals=arrivals, elapsed=took)


def streamed(probe, first, spread):
    """A stream whose texts arrive from *first* on, over *spread* seconds."""
    reply = mock_reply(PROFILE, probe)
    texts = text_frames(reply)
    due, at = {}, first
    for number, place in enumerate(texts):
        due[place] = first + spread * number / (len(texts) - 1)
    frames = []
    for place, frame in enumerate(reply.frames):
        at = due.get(place, at)
        frames.append(Frame(at, frame.data))
    return rehearse(reply.with_frames(frames), probe, PROFILE)


def verdict(firsts, wholes, streams):
    """The verdict on samples with these times; fewer times are repeated."""
    exchanges = []
    times = zip(range(SAMPLES), cycle(firsts), cycle(wholes), cycle(streams))
    for number, one, all_of_it, (first, spread) in times:
        exchanges += [
            whole(FIRST_TOKENS[number], one),
            whole(WHOLES[number], all_of_it),
            streamed(STREAMS[number], first, spread),
        ]
    return verdict_on(arrives_incrementally, *exchanges)


@pytest.mark.parametrize(
    ("firsts", "wholes", "streams"),
    [
        pytest.param([0.1], [1.3], [(0.1, 1.2)], id="paced"),
        pytest.param([0.1], [1.3], [(0.1, 0.7)], id="in-large-chunks"),
        pytest.param([0.1], [1.3], [(1.2, 0.01), (0.1, 1.2)], id="one-held-back"),
        pytest.param([0.1], [1.3], [(5.0, 1.2)] + [(0.1, 1.2)] * 2, id="one-queued"),
        pytest.param([0.1], [1.3], [(0.4, 0.1)], id="faster-than-a-whole-reply"),
        pytest.param([0.1], [1.3], [(0.5, 0.5)], id="the-first-third-at-once"),
    ],
)
def test_text_that_arrives_as_it_is_generated_passes(firsts, wholes, streams):
    assert verdict(firsts, wholes, streams).word == "pass"


@pytest.mark.parametrize(
    ("firsts", "wholes", "streams"),
    [
        pytest.param([0.01], [0.02], [(0.01, 0.007)], id="tiny-model"),
        pytest.param([2.0], [2.01], [(2.0, 0.007)], id="slow-prompt-fast-tokens"),
        pytest.param([0.1, 3.0], [1.3], [(2.5, 0.007), (0.1, 0.007)], id="busy"),
        pytest.param([4.0, 0.1, 2.0], [0.2, 5.0], [(3.0, 0.007)], id="queues"),
        pytest.param([0.1], [0.2, 1.0], [(2.0, 0.007)], id="some-wait"),
        pytest.param([0.1], [0.2], [(2.0, 0.007), (1.0, 0.007)], id="streams-wait"),
    ],
)
def test_a_fast_or_busy_server_is_not_accused(firsts, wholes, streams):
    assert verdict(firsts, wholes, streams).word == "skip"


@pytest.mark.parametrize(
    ("firsts", "wholes", "streams"),
    [
        pytest.param([0.1], [1.25], [(1.25, 0.007)], id="in-many-reads"),
        pytest.param([0.1], [1.25], [(1.25, 0.0)], id="in-one-read"),
        pytest.param([0.5, 0.1], [2.0, 1.5], [(1.5, 0.1), (2.0, 0.1)], id="uneven"),
    ],
)
def test_text_that_is_held_back_is_found(firsts, wholes, streams):
    (found,) = verdict(firsts, wholes, streams).findings

    assert "held back" in found.message
    assert found.at == "rhythm-streamed"


def test_a_thought_that_is_held_back_is_found_though_the_answer_is_streamed():
    (found,) = verdict([0.1], [1.3], [(0.9, 0.4)]).findings

    assert found.message == (
        "the first half of the text of each stream was held back and arrived all at "
        "once"
    )


def test_a_silence_that_a_whole_reply_does_not_need_is_found():
    (found,) = verdict([0.01], [0.02], [(1.25, 0.007)]).findings

    assert found.message == (
        "the first text of each stream came later than a whole reply"
    )
    assert found.actual == "no text before 1.25 s"


def test_the_time_that_the_texts_take_is_stated():
    (found,) = verdict([0.1], [1.25], [(1.25, 0.007)]).findings

    assert found.expected.startswith("text spread over about 1.15 s")
    assert found.actual == (
        "19 events with text within 7.0 ms, after 1.25 s without any"
    )


def test_streams_that_are_none_or_show_little_are_not_judged():
    probes = (FIRST_TOKENS[0], WHOLES[0], STREAMS[0])
    one, full, text = (
        whole(probes[0], 0.1),
        whole(probes[1], 2.0),
        streamed(probes[2], 1.9, 0.01),
    )
    silent = replace(text, arrivals=text.arrivals[:1])
    few = replace(text, arrivals=text.arrivals[:3])

    for stream in (full, silent, few):
        exchanges = (one, full, stream) * SAMPLES
        assert verdict_on(arrives_incrementally, *exchanges).word == "skip"


def test_one_stall_in_a_stream_is_found():
    steady = [streamed(probe, 0.1, 1.0) for probe in STREAMS]
    late = [
        Arrival(one.at + 5.0 * (number > 9), one.data)
        for number, one in enumerate(steady[1].arrivals)
    ]
    stalled = replace(steady[1], arrivals=tuple(late))

    assert verdict_on(does_not_stall, *steady).word == "pass"
    (found,) = verdict_on(does_not_stall, steady[0], stalled, steady[2]).findings
    assert found.at.startswith("rhythm-streamed 2, text ")


def test_streams_of_one_text_have_no_rhythm():
    single = [
        replace(one, arrivals=one.arrivals[:2])
        for one in (streamed(probe, 0.1, 1.0) for probe in STREAMS)
    ]

    assert verdict_on(does_not_stall, *single).word == "skip"
