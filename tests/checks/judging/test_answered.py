"""Verdicts on requests that may be answered or rejected."""

from __future__ import annotations

import pytest
from support.rehearsal import rehearsed_verdict

from contract.catalog.profiles import builtin
from contract.checks.conversation.order import system_last_is_settled
from contract.model.reply import Frame

PROFILES = builtin()
ERROR = b'{"error":{"message":"no","type":"BadRequestError","param":null,"code":400}}'


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        pytest.param(400, ERROR, "pass", id="rejected"),
        pytest.param(400, b"no", "pass", id="rejected-as-plain-text"),
        pytest.param(500, ERROR, "fail", id="crashed"),
        pytest.param(302, b"", "fail", id="redirected"),
        pytest.param(200, b'{"choices":[]}', "fail", id="no-choice"),
    ],
)
def test_only_answers_and_rejections_pass(status, body, word):
    def change(reply):
        return reply.with_status(status).with_frames((Frame(0.0, body),))

    verdict = rehearsed_verdict(
        system_last_is_settled, PROFILES["vllm-0.32"], change=change
    )

    assert word == verdict.word


@pytest.mark.parametrize("name", PROFILES)
def test_every_dialect_answers_or_rejects_a_final_system_message(name):
    assert "pass" == rehearsed_verdict(system_last_is_settled, PROFILES[name]).word
