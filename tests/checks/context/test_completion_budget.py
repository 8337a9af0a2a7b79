"""Completion budget checks: max_tokens is rejected or clamped, never a crash."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.context import completion_budget
from contract.model.reply import Frame, rehearse

WINDOW = 8_192
PROFILES = {
    name: replace(builtin()[name], context_window=WINDOW)
    for name in ("mistral-2025-10", "vllm-0.32", "vllm-0.11", "llamacpp")
}
VLLM = PROFILES["vllm-0.32"]


def answered_with(check, status, body=b"{}", profile=VLLM):
    """Return the verdict on *status* and *body* as the answer to every request."""

    def change(reply):
        frames = (Frame(0.0, body),)
        return reply.with_status(status).with_frames(frames)

    return rehearsed_verdict(check, profile, change=change)


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        pytest.param("vllm-0.32", 200, "pass", id="clamped"),
        pytest.param("vllm-0.32", 400, "fail", id="rejected-by-a-clamping-server"),
        pytest.param("vllm-0.32", 500, "fail", id="crashed"),
        pytest.param("mistral-2025-10", 400, "skip", id="rejected-by-a-strict-server"),
    ],
)
def test_a_clamping_server_accepts_the_whole_window_as_max_tokens(name, status, word):
    verdict = answered_with(
        completion_budget.takes_the_window_as_room, status, profile=PROFILES[name]
    )

    assert word == verdict.word


def test_max_tokens_is_the_whole_window():
    (probe,) = completion_budget.takes_the_window_as_room.sends

    assert mock_reply(VLLM, probe).request.body.count(b'"max_tokens":8192') == 1


@pytest.mark.parametrize(
    ("name", "status"),
    [("mistral-2025-10", 400), ("vllm-0.11", 200), ("vllm-0.32", 200)],
)
def test_the_mock_rejects_or_clamps_like_its_profile(name, status):
    profile = PROFILES[name]
    (probe,) = completion_budget.refuses_too_much_room.sends
    exchange = rehearse(mock_reply(profile, probe), probe, profile)
    verdict_of_rejection = verdict_on(
        completion_budget.refuses_too_much_room, exchange
    ).word
    verdict_of_window = verdict_on(
        completion_budget.stays_within_the_window, exchange
    ).word

    assert status == exchange.status
    assert ("fail" if status == 200 else "pass") == verdict_of_rejection
    assert "pass" == verdict_of_window


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        pytest.param(200, b'{"usage":{"total_tokens":8192}}', "pass", id="full-window"),
        pytest.param(200, b'{"usage":{"total_tokens":8193}}', "fail", id="more"),
        pytest.param(200, b"{}", "skip", id="no-count"),
        pytest.param(500, b"{}", "fail", id="crashed"),
    ],
)
def test_total_tokens_must_not_exceed_the_window(status, body, word):
    assert (
        word
        == answered_with(completion_budget.stays_within_the_window, status, body).word
    )
