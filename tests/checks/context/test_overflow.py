"""Overflow checks: status, error body, type, code and stated limit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict

from contract.catalog.profiles import builtin
from contract.checks.context import overflow
from contract.model.reply import JSON_TYPE, Frame

WINDOW = 8_192  # tokens; enough for a long request
PROFILES = {
    name: replace(builtin()[name], context_window=WINDOW)
    for name in ("mistral-2025-10", "vllm-0.32", "vllm-0.11", "llamacpp")
}
VLLM = PROFILES["vllm-0.32"]
REJECTIONS = (
    overflow.refuses_a_full_window,
    overflow.refuses_one_token_more,
    overflow.refuses_a_thousand_more,
    overflow.refuses_streams_before_they_begin,
)


def answered_with(check, status, body=b"{}"):
    """Return the verdict on *status* and *body* as the answer to every request."""

    def change(reply):
        frames = (Frame(0.0, body),)
        return reply.with_status(status).with_frames(frames)

    return rehearsed_verdict(check, VLLM, change=change)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("check", REJECTIONS, ids=lambda check: check.id)
def test_the_mock_of_each_profile_passes(check, name):
    assert "pass" == rehearsed_verdict(check, PROFILES[name]).word


@pytest.mark.parametrize("check", REJECTIONS, ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(200, "exceeds the context window was not", id="accepted"),
        pytest.param(401, "exceeds the context window was not", id="key"),
        pytest.param(500, "failed instead of rejecting", id="crashed"),
        pytest.param(400, "does not match the error schema", id="wrong-body"),
    ],
)
def test_any_other_answer_is_a_finding(check, status, message):
    (finding,) = answered_with(check, status).findings

    assert message in finding.message
    assert check.sends[0].name in finding.at


def test_the_reported_prompt_tokens_are_part_of_the_finding():
    body = b'{"usage": {"prompt_tokens": 4096}}'
    (finding,) = answered_with(overflow.refuses_one_token_more, 200, body).findings

    assert finding.actual.endswith("; prompt_tokens 4096")


def test_an_error_inside_a_stream_is_a_finding():
    check = overflow.refuses_streams_before_they_begin
    verdict = rehearsed_verdict(check, VLLM, fault=overflow.overflow_inside_stream)

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
def test_type_and_code_must_be_those_of_an_overflow(body, word):
    assert word == answered_with(overflow.overflow_has_its_code, 400, body).word


@pytest.mark.parametrize(
    ("body", "word"),
    [
        pytest.param(b'{"detail":"at most 8192"}', "pass", id="plain"),
        pytest.param(b'{"detail":"at most 8,192"}', "pass", id="grouped"),
        pytest.param(b'{"error":{"n_ctx":8192}}', "pass", id="member"),
        pytest.param(b'{"detail":"at most 4096"}', "fail", id="other-number"),
        pytest.param(b"", "fail", id="empty"),
    ],
)
def test_the_window_must_be_a_number_in_the_error(body, word):
    assert word == answered_with(overflow.overflow_tells_the_limit, 400, body).word


@pytest.mark.parametrize(
    "check",
    [overflow.overflow_has_its_code, overflow.overflow_tells_the_limit],
    ids=lambda check: check.id,
)
def test_accepted_prompts_are_skipped(check):
    assert "skip" == answered_with(check, 200).word


def test_the_html_page_of_a_proxy_is_a_finding():
    fault = overflow.overflow_by_the_proxy
    (probe,) = overflow.refuses_one_token_more.sends
    reply = fault.apply(mock_reply(VLLM, probe))

    assert (413, "text/html") == (reply.status, dict(reply.headers)[JSON_TYPE[0]])
    assert (
        "fail" == rehearsed_verdict(overflow.refuses_one_token_more, VLLM, fault).word
    )
