"""Images beside streams, tools, system chunks and thoughts."""

import pytest
from rehearsal import judged, rehearsed, resaid

from contract.catalog.profiles import builtin
from contract.checks.multimodal import company
from contract.model.chat import PieceKind

PROFILES = builtin()


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (company.streams_alike, company.stream_drops_images),
        (company.counts_with_tools, company.tools_drop_images),
        (company.counts_with_system_chunks, None),
        (company.thinks_about_images, company.image_silences_thought),
    ],
    ids=lambda one: one and one.id,
)
@pytest.mark.parametrize("name", ["mistral-2025-10", "vllm-0.32", "llamacpp"])
def test_company_changes_nothing_until_it_does(check, fault, name):
    profile = PROFILES[name]

    assert "pass" == rehearsed(check, profile).word
    if fault is not None:
        assert "fail" == rehearsed(check, profile, fault).word


@pytest.mark.parametrize(
    ("kept", "word"),
    [
        ({PieceKind.REASONING, PieceKind.ANSWER}, "pass"),
        ({PieceKind.REASONING}, "pass"),
        ({PieceKind.ANSWER}, "fail"),
        (set(), "skip"),
    ],
    ids=["both", "cut-in-thought", "answer-alone", "nothing"],
)
def test_only_an_answer_without_a_thought_is_missing_one(kept, word):
    exchange = resaid(
        PROFILES["vllm-0.32"],
        company.THOUGHT,
        lambda pieces: [piece for piece in pieces if piece.kind in kept],
    )

    assert word == judged(company.thinks_about_images, exchange).word
