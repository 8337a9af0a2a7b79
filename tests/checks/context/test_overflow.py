"""What exceeds the window: refused before any token, in the provider's own words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import rehearsed, told

from contract.catalog.profiles import builtin
from contract.checks.context import overflow
from contract.model.reply import (
    JSON_TYPE,
    Frame,
)

WINDOW = 8_192  # enough for a long request
PROFILES = {
    name: replace(builtin()[name], context_window=WINDOW)
    for name in ("mistral-2025-10", "vllm-0.32", "vllm-0.11", "llamacpp")
}
VLLM = PROFILES["vllm-0.32"]
REFUSALS = (
    overflow.refuses_a_full_window,
    overflow.refuses_one_token_more,
    overflow.refuses_a_thousand_more,
    overflow.refuses_streams_before_they_begin,
)


def served(check, status, body=b"{}"):
    """The verdict on *status* and *body* as the answer to each request of *check*."""

    def change(reply):
        frames = (Frame(0.0, body),)
        return reply.with_status(status).with_frames(frames)

    return rehearsed(check, VLLM, change=change)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("check", REFUSALS, ids=lambda check: check.id)
def test_every_provider_refuses_in_its_own_way(check, name):
    assert "pass" == rehearsed(check, PROFILES[name]).word


@pytest.mark.parametrize("check", REFUSALS, ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(200, "a prompt that does not fit was not refused", id="taken"),
        pytest.param(401, "a prompt that does not fit was not refused", id="key"),
        pytest.param(500, "the server failed where it should", id="crashed"),
        pytest.param(400, "not in the shape of this provider's", id="shapeless"),
    ],
)
def test_anything_else_is_a_finding(check, status, message):
    (finding,) = served(check, status).findings

    assert message in finding.message
    assert check.sends[0].name in finding.at


def test_a_silent_cut_is_told_by_its_count():
    body = b'{"usage": {"prompt_tokens": 4096}}'
    (finding,) = served(overflow.refuses_one_token_more, 200, body).findings

    assert finding.actual.endswith("; prompt_tokens 4096")


def test_an_error_inside_a_stream_is_too_late():
    check = overflow.refuses_streams_before_they_begin
    verdict = rehearsed(check, VLLM, fault=overflow.overflow_inside_stream)

    assert "status 200" in verdict.findings[0].actual


@pytest.mark.parametrize(
    ("body", "word"),
    [
        pytest.param(
            b'{"error":{"type":"BadRequestError","code":400}}', "pass", id="ok"
        ),
        pytest.param(b'{"error":{"type":"Bad Request","code":400}}', "fail", id="type"),
        pytest.param(b'{"error":{"type":"BadRequestError"}}', "fail", id="no-code"),
        pytest.param(b"Payload Too Large", "fail", id="text"),
        pytest.param(b'{"error":"too long"}', "fail", id="string"),
    ],
)
def test_type_and_code_are_those_of_an_overflow(body, word):
    assert word == served(overflow.overflow_has_its_code, 400, body).word


@pytest.mark.parametrize(
    ("body", "word"),
    [
        pytest.param(b'{"detail":"at most 8192"}', "pass", id="plain"),
        pytest.param(b'{"detail":"at most 8,192"}', "pass", id="grouped"),
        pytest.param(b'{"error":{"n_ctx":8192}}', "pass", id="member"),
        pytest.param(b'{"detail":"at most 4096"}', "fail", id="another"),
        pytest.param(b"", "fail", id="nothing"),
    ],
)
def test_the_limit_is_a_number_in_the_error(body, word):
    assert word == served(overflow.overflow_tells_the_limit, 400, body).word


@pytest.mark.parametrize(
    "check",
    [overflow.overflow_has_its_code, overflow.overflow_tells_the_limit],
    ids=lambda check: check.id,
)
def test_prompts_that_were_taken_have_no_error_to_judge(check):
    assert "skip" == served(check, 200).word


def test_a_page_of_a_proxy_is_no_error_of_the_dialect():
    fault = overflow.overflow_by_the_proxy
    (probe,) = overflow.refuses_one_token_more.sends
    reply = fault.apply(told(VLLM, probe))

    assert (413, "text/html") == (reply.status, dict(reply.headers)[JSON_TYPE[0]])
    assert "fail" == rehearsed(overflow.refuses_one_token_more, VLLM, fault).word
