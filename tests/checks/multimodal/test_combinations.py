"""Verdicts on images with streaming, tools, system chunks and reasoning."""

import pytest
from support.rehearsal import rehearsed_verdict, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.multimodal import combinations
from contract.model.chat import PieceKind

PROFILES = builtin()


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (combinations.streams_alike, combinations.stream_drops_images),
        (combinations.counts_with_tools, combinations.tools_drop_images),
        (combinations.counts_with_system_chunks, None),
        (combinations.thinks_about_images, combinations.image_silences_thought),
    ],
    ids=lambda one: one and one.id,
)
@pytest.mark.parametrize("name", ["mistral-2025-10", "vllm-0.32", "llamacpp"])
def test_mock_passes_without_a_fault(check, fault, name):
    profile = PROFILES[name]

    assert "pass" == rehearsed_verdict(check, profile).word
    if fault is not None:
        assert "fail" == rehearsed_verdict(check, profile, fault).word


@pytest.mark.parametrize(
    ("kept", "word"),
    [
        ({PieceKind.REASONING, PieceKind.ANSWER}, "pass"),
        ({PieceKind.REASONING}, "pass"),
        ({PieceKind.ANSWER}, "fail"),
        (set(), "skip"),
    ],
    ids=["both", "cut-in-reasoning", "answer-only", "nothing"],
)
def test_answer_without_reasoning_is_found(kept, word):
    exchange = rewritten_exchange(
        PROFILES["vllm-0.32"],
        combinations.REASONED,
        lambda pieces: [piece for piece in pieces if piece.kind in kept],
    )

    assert word == verdict_on(combinations.thinks_about_images, exchange).word
