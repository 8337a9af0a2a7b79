"""Which field a version uses, and what a thinking chunk looks like inside."""

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.reasoning.fields import (
    chunks_are_well_formed,
    right_field,
)
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.reply import rehearse

PROFILES = builtin()
TEXT = {"type": "text", "text": "so"}


def messaged(name, message):
    """The whole reply whose first message is *message*."""
    profile = PROFILES[name]
    reply = told(profile, SUM_WHOLE)
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
def test_the_field_belongs_to_the_version(name, message, word):
    assert judged(right_field, messaged(name, message)).word == word


def test_a_finding_names_the_field_that_was_seen():
    exchange = messaged("vllm-0.16", {"reasoning_content": "so", "content": "42"})

    (finding,) = judged(right_field, exchange).findings

    assert (finding.expected, finding.actual) == ("reasoning", "reasoning_content")


def test_a_thought_left_in_the_content_is_seen_there():
    exchange = messaged("llamacpp", {"content": "[THINK]so[/THINK]42"})

    (finding,) = judged(right_field, exchange).findings

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
def test_a_content_list_holds_thoughts_and_text(content, word):
    exchange = messaged("mistral-2026-08", {"content": content})

    assert judged(chunks_are_well_formed, exchange).word == word


@pytest.mark.parametrize(
    ("message", "word"),
    [(None, "skip"), (5, "skip"), ({"content": 5}, "skip"), ({"reasoning": 5}, "fail")],
)
def test_no_message_makes_a_judge_raise(message, word):
    profile = PROFILES["mistral-2025-10"]
    reply = told(profile, SUM_WHOLE)
    body = reply.json
    body["choices"] = [{"index": 0, "message": message}, None, 7]
    exchange = rehearse(reply.with_json(body), SUM_WHOLE, profile)

    assert word == judged(right_field, exchange).word
    assert judged(chunks_are_well_formed, exchange).word == "skip"


def test_an_empty_thinking_chunk_leads_to_the_answer_in_a_stream():
    exchange = rehearse(
        told(PROFILES["mistral-2025-10"], SUM), SUM, PROFILES["mistral-2025-10"]
    )

    empty = {"content": [{"type": "thinking", "thinking": []}]}
    assert empty in [choice["delta"] for _, choice in exchange.choices]
    assert judged(chunks_are_well_formed, exchange).word == "pass"
