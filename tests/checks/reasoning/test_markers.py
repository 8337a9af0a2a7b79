"""A marker is found wherever the deltas cut it, and nowhere else."""

import pytest
from rehearsal import judged, resaid

from contract.catalog.profiles import builtin
from contract.checks.reasoning.markers import (
    first_token_is_no_marker,
    no_marker_in_answer,
    no_marker_in_reasoning,
    tool_call_is_apart,
    unwanted_call_is_not_shown,
)
from contract.model.chat import (
    Call,
    Piece,
    PieceKind,
)
from contract.model.probes import (
    SUM,
    TOOL,
)
from contract.model.think import MARKERS

PROFILES = builtin()
PLAIN = Piece(PieceKind.REASONING, "so "), Piece(PieceKind.ANSWER, "42")


def said(*pieces, name="vllm-0.16", probe=SUM):
    """The stream of a provider that says just this."""
    return resaid(PROFILES[name], probe, lambda _: pieces)


@pytest.mark.parametrize("cut", range(8))
@pytest.mark.parametrize("kind", [PieceKind.REASONING, PieceKind.ANSWER])
def test_a_marker_is_found_wherever_it_is_cut(kind, cut):
    text = "[/THINK]"
    leak = (Piece(kind, "so " + text[:cut]), Piece(kind, text[cut:] + " 42"))
    first, last = PLAIN
    pieces = (*leak, last) if kind is PieceKind.REASONING else (first, *leak)
    check = (
        no_marker_in_reasoning if kind is PieceKind.REASONING else no_marker_in_answer
    )
    other = (
        no_marker_in_answer if kind is PieceKind.REASONING else no_marker_in_reasoning
    )

    exchange = said(*pieces)

    (finding,) = judged(check, exchange).findings
    assert finding.expected == f"no {text}"
    assert judged(other, exchange).word == "pass"


@pytest.mark.parametrize("marker", MARKERS)
def test_every_marker_is_known(marker):
    leaking = said(PLAIN[0], Piece(PieceKind.ANSWER, f"4{marker}2"))

    assert judged(no_marker_in_answer, leaking).word == "fail"


@pytest.mark.parametrize("text", ["[THINK", "THINK]", "[think]", "[ TOOL_CALLS]", "[]"])
def test_what_only_looks_like_a_marker_passes(text):
    assert (
        judged(no_marker_in_answer, said(Piece(PieceKind.ANSWER, text))).word == "pass"
    )


def test_without_an_answer_there_is_nothing_to_look_into():
    assert judged(no_marker_in_answer, said(PLAIN[0])).word == "skip"
    assert judged(no_marker_in_reasoning, said(PLAIN[1])).word == "skip"


def test_inline_markers_are_part_of_the_content():
    assert judged(first_token_is_no_marker, said(*PLAIN, name="inline")).word == "skip"


CALLED = Piece(
    PieceKind.TOOL, '{"city":"Rome"}', call=Call(0, "abcdefghi", "get_weather")
)


@pytest.mark.parametrize(
    ("pieces", "word"),
    [
        pytest.param((PLAIN[0], CALLED), "pass", id="apart"),
        pytest.param((CALLED,), "pass", id="no-thought"),
        pytest.param(
            (Piece(PieceKind.REASONING, 'Call get_weather{"city":"Rome"}.'), CALLED),
            "pass",
            id="planned-in-the-thought",
        ),
        pytest.param(
            (Piece(PieceKind.REASONING, "so [TOOL_CALLS]get_weather"), CALLED),
            "fail",
            id="marker-in-the-thought",
        ),
        pytest.param(
            (Piece(PieceKind.ANSWER, 'so get_weather{"city":"Rome"}'),),
            "fail",
            id="text-in-place-of-a-call",
        ),
        pytest.param((), "fail", id="finished-with-a-call-that-is-missing"),
    ],
)
def test_a_call_is_a_call_and_no_text(pieces, word):
    assert judged(tool_call_is_apart, said(*pieces, probe=TOOL)).word == word


def test_a_model_that_calls_no_tool_is_not_judged():
    assert judged(tool_call_is_apart, said(*PLAIN)).word == "skip"


def test_a_thought_about_a_tool_is_no_call():
    thought = Piece(
        PieceKind.REASONING, 'I may not use get_weather{"city":"Rome"} here.'
    )

    assert judged(unwanted_call_is_not_shown, said(thought, PLAIN[1])).word == "pass"
