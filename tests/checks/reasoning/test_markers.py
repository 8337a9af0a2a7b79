"""Markers and tool calls in text are found, also across deltas."""

import pytest
from support.rehearsal import rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.reasoning.markers import (
    first_token_is_no_marker,
    no_marker_in_answer,
    no_marker_in_reasoning,
    tool_call_is_apart,
    unwanted_call_is_not_shown,
)
from contract.model.chat import Call, Piece, PieceKind
from contract.model.probes import SUM, TOOL
from contract.model.think import MARKERS

PROFILES = builtin()
PLAIN = Piece(PieceKind.REASONING, "so "), Piece(PieceKind.ANSWER, "42")


def stream_of(*pieces, name="vllm-0.16", probe=SUM):
    """The stream of a server that generates just these pieces."""
    return rewritten_exchange(PROFILES[name], probe, lambda _: pieces)


@pytest.mark.parametrize("cut", range(8))
@pytest.mark.parametrize("kind", [PieceKind.REASONING, PieceKind.ANSWER])
def test_marker_is_found_wherever_deltas_split_it(kind, cut):
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

    exchange = stream_of(*pieces)

    (finding,) = verdict_on(check, exchange).findings
    assert finding.expected == f"no {text}"
    assert verdict_on(other, exchange).word == "pass"


@pytest.mark.parametrize("marker", MARKERS)
def test_every_marker_is_found(marker):
    leaking = stream_of(PLAIN[0], Piece(PieceKind.ANSWER, f"4{marker}2"))

    assert verdict_on(no_marker_in_answer, leaking).word == "fail"


@pytest.mark.parametrize("text", ["[THINK", "THINK]", "[think]", "[ TOOL_CALLS]", "[]"])
def test_text_similar_to_a_marker_passes(text):
    exchange = stream_of(Piece(PieceKind.ANSWER, text))

    assert verdict_on(no_marker_in_answer, exchange).word == "pass"


def test_missing_text_is_not_applicable():
    assert verdict_on(no_marker_in_answer, stream_of(PLAIN[0])).word == "skip"
    assert verdict_on(no_marker_in_reasoning, stream_of(PLAIN[1])).word == "skip"


def test_dialect_with_inline_markers_is_not_applicable():
    exchange = stream_of(*PLAIN, name="inline")

    assert verdict_on(first_token_is_no_marker, exchange).word == "skip"


CALLED = Piece(
    PieceKind.TOOL, '{"city":"Rome"}', call=Call(0, "abcdefghi", "get_weather")
)


@pytest.mark.parametrize(
    ("pieces", "word"),
    [
        pytest.param((PLAIN[0], CALLED), "pass", id="separate"),
        pytest.param((CALLED,), "pass", id="no-reasoning"),
        pytest.param(
            (Piece(PieceKind.REASONING, 'Call get_weather{"city":"Rome"}.'), CALLED),
            "pass",
            id="mentioned-in-the-reasoning",
        ),
        pytest.param(
            (Piece(PieceKind.REASONING, "so [TOOL_CALLS]get_weather"), CALLED),
            "fail",
            id="marker-in-the-reasoning",
        ),
        pytest.param(
            (Piece(PieceKind.ANSWER, 'so get_weather{"city":"Rome"}'),),
            "fail",
            id="text-instead-of-a-call",
        ),
        pytest.param((), "fail", id="missing-call"),
    ],
)
def test_call_as_text_is_found(pieces, word):
    assert verdict_on(tool_call_is_apart, stream_of(*pieces, probe=TOOL)).word == word


def test_reply_without_a_call_is_not_applicable():
    assert verdict_on(tool_call_is_apart, stream_of(*PLAIN)).word == "skip"


def test_tool_mentioned_in_the_reasoning_is_not_a_call():
    reasoning = Piece(
        PieceKind.REASONING, 'I may not use get_weather{"city":"Rome"} here.'
    )

    exchange = stream_of(reasoning, PLAIN[1])

    assert verdict_on(unwanted_call_is_not_shown, exchange).word == "pass"
