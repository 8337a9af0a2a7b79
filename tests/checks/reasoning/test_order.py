"""Reasoning may draft the answer, but the answer must not repeat the reasoning."""

from dataclasses import replace

import pytest
from support.rehearsal import rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.reasoning.order import not_repeated_in_answer, precedes_answer
from contract.model.chat import Piece, PieceKind
from contract.model.probes import SUM

REASONING = "The user wants 6 times 7. That is 42. I could say: 6 times 7 is 42."
PROFILE = builtin()["vllm-0.16"]


def stream_of(*pieces):
    """The stream of a server that generates just these pieces."""
    return rewritten_exchange(PROFILE, SUM, lambda _: pieces)


@pytest.mark.parametrize(
    ("reasoning", "answer", "word"),
    [
        pytest.param(REASONING, "6 times 7 is 42.", "pass", id="drafted"),
        pytest.param(REASONING, REASONING + " 42", "fail", id="before-the-answer"),
        pytest.param(REASONING, "42.\n" + REASONING, "fail", id="after-the-answer"),
        pytest.param(REASONING, REASONING, "fail", id="instead-of-the-answer"),
        pytest.param(REASONING, REASONING[6:-6] + "!", "fail", id="trimmed"),
        pytest.param(REASONING, REASONING.replace(" ", "\n"), "fail", id="rewrapped"),
        pytest.param("It is 42.", "It is 42.", "skip", id="too-short-to-judge"),
        pytest.param(REASONING, "", "skip", id="no-answer"),
    ],
)
def test_only_repeated_reasoning_is_found(reasoning, answer, word):
    exchange = stream_of(
        Piece(PieceKind.REASONING, reasoning), Piece(PieceKind.ANSWER, answer)
    )

    assert verdict_on(not_repeated_in_answer, exchange).word == word


@pytest.mark.parametrize(
    ("kinds", "word"),
    [
        ("rra", "pass"),
        (" rra", "pass"),
        ("rraa", "pass"),
        ("rara", "fail"),
        ("ar", "fail"),
        ("rrr", "skip"),
        ("aaa", "skip"),
    ],
)
def test_reasoning_after_the_start_of_the_answer_is_found(kinds, word):
    pieces = {
        "r": Piece(PieceKind.REASONING, "so "),
        "a": Piece(PieceKind.ANSWER, "It is "),
        " ": Piece(PieceKind.ANSWER, "\n"),
    }

    verdict = verdict_on(precedes_answer, stream_of(*(pieces[kind] for kind in kinds)))

    assert verdict.word == word
    assert all("event" in finding.at for finding in verdict.findings)


def test_order_is_judged_per_choice():
    one = (Piece(PieceKind.REASONING, "so "), Piece(PieceKind.ANSWER, "It is "))
    exchange = rewritten_exchange(
        PROFILE,
        replace(SUM, options=replace(SUM.options, n=2, temperature=0.7)),
        lambda before: [replace(p, choice=before[0].choice) for p in one],
    )

    assert {piece.choice for piece in exchange.pieces} == {0, 1}
    assert verdict_on(precedes_answer, exchange).word == "pass"
