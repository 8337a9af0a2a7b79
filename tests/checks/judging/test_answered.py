"""Answered or refused: everything else is a finding."""

from __future__ import annotations

import pytest
from rehearsal import rehearsed

from contract.catalog.profiles import builtin
from contract.checks.conversation.order import system_last_is_settled
from contract.model.reply import Frame

PROFILES = builtin()
ERROR = b'{"error":{"message":"no","type":"BadRequestError","param":null,"code":400}}'


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        pytest.param(400, ERROR, "pass", id="refused"),
        pytest.param(400, b"no", "pass", id="refused-in-plain-words"),
        pytest.param(500, ERROR, "fail", id="crashed"),
        pytest.param(302, b"", "fail", id="sent-elsewhere"),
        pytest.param(200, b'{"choices":[]}', "fail", id="nothing-said"),
    ],
)
def test_a_request_is_answered_or_refused(status, body, word):
    def change(reply):
        return reply.with_status(status).with_frames((Frame(0.0, body),))

    said = rehearsed(system_last_is_settled, PROFILES["vllm-0.32"], change=change)

    assert word == said.word


@pytest.mark.parametrize("name", PROFILES)
def test_every_dialect_settles_a_system_message_at_the_end(name):
    assert "pass" == rehearsed(system_last_is_settled, PROFILES[name]).word
