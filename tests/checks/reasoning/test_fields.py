"""Verdicts on the fields and the content chunks with reasoning."""

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.reasoning.fields import chunks_are_well_formed, right_field
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.reply import rehearse

PROFILES = builtin()
TEXT = {"type": "text", "text": "so"}


def whole_reply(name, message):
    """A whole reply whose first choice has this *message*."""
    profile = PROFILES[name]
    reply = mock_reply(profile, SUM_WHOLE)
    body = reply.json
    body["choices"][0]["message"] = {"role": "assistant", **message}
    return rehearse(reply.with_json(body), SUM_WHOLE, profile)


@pytest.mark.parametrize(
    ("name", "message", "word"),
    [
        ("vllm-0.16", {"reasoning": "so", "content": "42"}, "pass"),
        ("vllm-0.16", {"reasoning": "so", "reasoning_content": None}, "pass"),
        ("vllm-0.16", {"reasoning": "so", "reasoning_content": "so"}, "fail"),
        ("vllm-0.16", {"reasoning_content": "so", "content": "42"}, "fail"),
        ("vllm-0.16", {"content": "42"}, "skip"),
        ("vllm-0.16", {"content": "[THINK]so[/THINK]42"}, "fail"),
        ("vllm-0.12", {"reasoning": "so", "reasoning_content": "so"}, "pass"),
        ("vllm-0.12", {"reasoning": "so", "reasoning_content": "so?"}, "fail"),
        ("vllm-0.12", {"reasoning": "so"}, "fail"),
        ("vllm-0.11", {"reasoning_content": "so"}, "pass"),
        ("vllm-0.11", {"thinking": "so"}, "fail"),
        ("llamacpp", {"reasoning_content": "so"}, "pass"),
        (
            "mistral-2025-10",
            {"content": [{"type": "thinking", "thinking": [TEXT]}]},
            "pass",
        ),
        ("mistral-2025-10", {"content": "42", "reasoning_content": "so"}, "fail"),
        ("inline", {"content": "[THINK]so[/THINK]42"}, "pass"),
        ("inline", {"content": "[THINK]so[/THINK]42", "reasoning": "so"}, "fail"),
        ("inline", {"content": "42"}, "skip"),
    ],
)
def test_field_depends_on_the_version(name, message, word):
    assert verdict_on(right_field, whole_reply(name, message)).word == word


def test_finding_names_the_field_that_was_found():
    exchange = whole_reply("vllm-0.16", {"reasoning_content": "so", "content": "42"})

    (finding,) = verdict_on(right_field, exchange).findings

    assert (finding.expected, finding.actual) == ("reasoning", "reasoning_content")


def test_reasoning_in_the_content_is_found_by_its_markers():
    exchange = whole_reply("llamacpp", {"content": "[THINK]so[/THINK]42"})

    (finding,) = verdict_on(right_field, exchange).findings

    assert finding.actual == "markers in content"


def thinking(*parts, **more):
    return {"type": "thinking", "thinking": list(parts), **more}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ([thinking(TEXT), TEXT], "pass"),
        ([thinking(TEXT, closed=True)], "pass"),
        ([thinking(TEXT, {"type": "reference", "reference_ids": [1]}), TEXT], "pass"),
        ([thinking(TEXT, closed="yes"), TEXT], "fail"),
        ([thinking("so"), TEXT], "fail"),
        ([thinking({"type": "text"}), TEXT], "fail"),
        ([{"type": "thinking", "thinking": "so"}, TEXT], "fail"),
        ([{"type": "thinking"}, TEXT], "fail"),
        ([thinking(TEXT), {"type": "text", "text": ""}], "fail"),
        ([thinking(TEXT), {"type": "text", "text": 5}], "fail"),
        ([thinking(TEXT), {"type": "summary", "text": "so"}], "fail"),
        ([thinking(TEXT), "42"], "fail"),
        ([thinking(TEXT), None], "fail"),
        ("42", "skip"),
        ([], "skip"),
    ],
)
def test_invalid_chunks_of_a_content_list_are_found(content, word):
    exchange = whole_reply("mistral-2026-08", {"content": content})

    assert verdict_on(chunks_are_well_formed, exchange).word == word


@pytest.mark.parametrize(
    ("message", "word"),
    [(None, "skip"), (5, "skip"), ({"content": 5}, "skip"), ({"reasoning": 5}, "fail")],
)
def test_malformed_messages_do_not_raise(message, word):
    profile = PROFILES["mistral-2025-10"]
    reply = mock_reply(profile, SUM_WHOLE)
    body = reply.json
    body["choices"] = [{"index": 0, "message": message}, None, 7]
    exchange = rehearse(reply.with_json(body), SUM_WHOLE, profile)

    assert word == verdict_on(right_field, exchange).word
    assert verdict_on(chunks_are_well_formed, exchange).word == "skip"


def test_empty_thinking_chunk_before_the_answer_of_a_stream_passes():
    exchange = rehearse(
        mock_reply(PROFILES["mistral-2025-10"], SUM), SUM, PROFILES["mistral-2025-10"]
    )

    empty = {"content": [{"type": "thinking", "thinking": []}]}
    assert empty in [choice["delta"] for _, choice in exchange.choices]
    assert verdict_on(chunks_are_well_formed, exchange).word == "pass"
