"""A thought may draft the answer; an answer may not repeat the thought."""

from dataclasses import replace

import pytest
from rehearsal import judged, resaid

from contract.catalog.profiles import builtin
from contract.checks.reasoning.order import (
    not_repeated_in_answer,
    precedes_answer,
)
from contract.model.chat import (
    Piece,
    PieceKind,
)
from contract.model.probes import SUM

THOUGHT = "The user wants 6 times 7. That is 42. I could say: 6 times 7 is 42."
PROFILE = builtin()["vllm-0.16"]


def said(*pieces):
    """The stream of a provider that says just this."""
    return resaid(PROFILE, SUM, lambda _: pieces)


@pytest.mark.parametrize(
    ("thought", "answer", "word"),
    [
        pytest.param(THOUGHT, "6 times 7 is 42.", "pass", id="drafted"),
        pytest.param(THOUGHT, THOUGHT + " 42", "fail", id="before-the-answer"),
        pytest.param(THOUGHT, "42.\n" + THOUGHT, "fail", id="after-the-answer"),
        pytest.param(THOUGHT, THOUGHT, "fail", id="instead-of-the-answer"),
        pytest.param(THOUGHT, THOUGHT[6:-6] + "!", "fail", id="trimmed"),
        pytest.param(THOUGHT, THOUGHT.replace(" ", "\n"), "fail", id="rewrapped"),
        pytest.param("It is 42.", "It is 42.", "skip", id="too-short-to-tell"),
        pytest.param(THOUGHT, "", "skip", id="no-answer"),
    ],
)
def test_only_a_repeated_thought_is_accused(thought, answer, word):
    exchange = said(
        Piece(PieceKind.REASONING, thought), Piece(PieceKind.ANSWER, answer)
    )

    assert judged(not_repeated_in_answer, exchange).word == word


@pytest.mark.parametrize(
    ("kinds", "word"),
    [
        ("tta", "pass"),
        (" tta", "pass"),
        ("ttaa", "pass"),
        ("tata", "fail"),
        ("at", "fail"),
        ("ttt", "skip"),
        ("aaa", "skip"),
    ],
)
def test_no_thought_follows_the_first_word_of_the_answer(kinds, word):
    pieces = {
        "t": Piece(PieceKind.REASONING, "so "),
        "a": Piece(PieceKind.ANSWER, "It is "),
        " ": Piece(PieceKind.ANSWER, "\n"),
    }

    verdict = judged(precedes_answer, said(*(pieces[kind] for kind in kinds)))

    assert verdict.word == word
    assert all("event" in finding.at for finding in verdict.findings)


def test_the_order_is_kept_per_choice():
    one = (Piece(PieceKind.REASONING, "so "), Piece(PieceKind.ANSWER, "It is "))
    exchange = resaid(
        PROFILE,
        replace(SUM, options=replace(SUM.options, n=2, temperature=0.7)),
        lambda before: [replace(p, choice=before[0].choice) for p in one],
    )

    assert {piece.choice for piece in exchange.pieces} == {0, 1}
    assert judged(precedes_answer, exchange).word == "pass"
