"""Verdicts on replies that were cut off after three tokens."""

import pytest
from support.rehearsal import rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.reasoning.cut import (
    cut_gives_length,
    cut_has_no_answer,
    cut_has_no_marker,
    cut_keeps_thought,
)
from contract.model.chat import Piece, PieceKind
from contract.model.probes import CUT, CUT_WHOLE, SUM_WHOLE

REASONING = Piece(PieceKind.REASONING, "The sky")


@pytest.mark.parametrize("probe", [CUT, CUT_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize(
    ("pieces", "keeps", "no_answer", "no_marker"),
    [
        pytest.param((REASONING,), "pass", "pass", "pass", id="reasoning"),
        pytest.param((), "fail", "skip", "skip", id="nothing"),
        pytest.param(
            (Piece(PieceKind.ANSWER, "The sky"),), "fail", "fail", "pass", id="answer"
        ),
        pytest.param(
            (Piece(PieceKind.ANSWER, "[THINK]The"),),
            "fail",
            "fail",
            "fail",
            id="unparsed",
        ),
        pytest.param(
            (REASONING, Piece(PieceKind.ANSWER, " ")),
            "pass",
            "pass",
            "pass",
            id="blank-answer",
        ),
    ],
)
def test_text_of_a_cut_reply_is_judged(probe, pieces, keeps, no_answer, no_marker):
    exchange = rewritten_exchange(builtin()["vllm-0.16"], probe, lambda _: pieces)

    assert verdict_on(cut_gives_length, exchange).word == "pass"
    assert verdict_on(cut_keeps_thought, exchange).word == keeps
    assert verdict_on(cut_has_no_answer, exchange).word == no_answer
    assert verdict_on(cut_has_no_marker, exchange).word == no_marker


def test_reply_that_was_not_cut_off_is_found():
    exchange = rewritten_exchange(
        builtin()["vllm-0.16"], SUM_WHOLE, lambda pieces: pieces
    )

    (finding,) = verdict_on(cut_gives_length, exchange).findings
    assert finding.actual == "finish_reason stop"
