"""Room beside a prompt: refused or cut to what is left, and never a crash."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged, rehearsed, told

from contract.catalog.profiles import builtin
from contract.checks.context import room
from contract.model.reply import (
    Frame,
    rehearse,
)

WINDOW = 8_192
PROFILES = {
    name: replace(builtin()[name], context_window=WINDOW)
    for name in ("mistral-2025-10", "vllm-0.32", "vllm-0.11", "llamacpp")
}
VLLM = PROFILES["vllm-0.32"]


def served(check, status, body=b"{}", profile=VLLM):
    """The verdict on *status* and *body* as the answer to each request of *check*."""

    def change(reply):
        frames = (Frame(0.0, body),)
        return reply.with_status(status).with_frames(frames)

    return rehearsed(check, profile, change=change)


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        pytest.param("vllm-0.32", 200, "pass", id="cut"),
        pytest.param("vllm-0.32", 400, "fail", id="refused-by-who-cuts"),
        pytest.param("vllm-0.32", 500, "fail", id="crashed"),
        pytest.param("mistral-2025-10", 400, "skip", id="refused-by-who-adds-up"),
    ],
)
def test_who_cuts_takes_a_max_tokens_of_the_whole_window(name, status, word):
    said = served(room.takes_the_window_as_room, status, profile=PROFILES[name])

    assert word == said.word


def test_the_room_asked_for_is_the_window():
    (probe,) = room.takes_the_window_as_room.sends

    assert told(VLLM, probe).request.body.count(b'"max_tokens":8192') == 1


@pytest.mark.parametrize(
    ("name", "status"),
    [("mistral-2025-10", 400), ("vllm-0.11", 200), ("vllm-0.32", 200)],
)
def test_room_is_refused_or_cut_as_the_version_does(name, status):
    profile = PROFILES[name]
    (probe,) = room.refuses_too_much_room.sends
    exchange = rehearse(told(profile, probe), probe, profile)
    refused = judged(room.refuses_too_much_room, exchange).word
    exchange_is_within = judged(room.stays_within_the_window, exchange).word

    assert status == exchange.status
    assert ("fail" if status == 200 else "pass") == refused
    assert "pass" == exchange_is_within


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        pytest.param(200, b'{"usage":{"total_tokens":8192}}', "pass", id="all-of-it"),
        pytest.param(200, b'{"usage":{"total_tokens":8193}}', "fail", id="more"),
        pytest.param(200, b"{}", "skip", id="no-count"),
        pytest.param(500, b"{}", "fail", id="crashed"),
    ],
)
def test_a_reply_ends_where_the_window_does(status, body, word):
    assert word == served(room.stays_within_the_window, status, body).word
