"""Reasoning and answer text: markers across deltas, and changes to pieces."""

from __future__ import annotations

import pytest

from contract.checks.reasoning.reasoning_text import (
    answer_as_reasoning,
    choice_objects,
    choices_with_text,
    find_markers,
    insert_before,
    location,
    missing_answer,
    missing_parts,
    reasoning_as_answer,
    without_reasoning,
)
from contract.model.chat import Piece, PieceKind
from contract.model.check import NotApplicable
from contract.model.exchange import DONE
from contract.model.probes import SUM_WHOLE

R, A = PieceKind.REASONING, PieceKind.ANSWER
PIECES = (Piece(R, "Hm"), Piece(R, "."), Piece(A, "4"), Piece(A, "2"))


def contents(chunk, *texts, **more):
    return [*(chunk({"content": text}, **more) for text in texts), DONE]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        pytest.param(("42",), [], id="none"),
        pytest.param(("[THINK]", "Hm"), ["no [THINK]"], id="one"),
        pytest.param(("a[TH", "IN", "K]b"), ["no [THINK]"], id="cut-in-three"),
        pytest.param(
            ("[THINK]Hm[/THI", "NK]42"), ["no [THINK]", "no [/THINK]"], id="both"
        ),
        pytest.param(("[THINK", " ]"), [], id="not-quite"),
        pytest.param(("[THINK]", "42", "43"), ["no [THINK]"], id="found-once"),
    ],
)
def test_markers_are_found_across_deltas(stream, chunk, texts, found):
    findings = list(find_markers(stream(contents(chunk, *texts)), A))

    assert found == [finding.expected for finding in findings]


def test_halves_of_a_marker_in_two_choices_are_none(stream, chunk):
    events = [
        chunk({"content": "[TH"}, index=0),
        chunk({"content": "INK]"}, index=1),
        DONE,
    ]

    assert [] == list(find_markers(stream(events), A))
    assert (0, 1) == choices_with_text(stream(events))


def test_only_text_of_the_kind_is_searched(stream, chunk):
    events = [chunk({"reasoning": "[THINK]"}), DONE]

    assert [] == list(find_markers(stream(events), A))
    (finding,) = find_markers(stream(events), R)
    assert "the reasoning contains a control marker" == finding.message
    assert "event 0, +0.010 s" == finding.at


@pytest.mark.parametrize(
    ("deltas", "missing"),
    [
        pytest.param([{"reasoning": "Hm"}, {"content": "42"}], [], id="both"),
        pytest.param([{"content": "42"}], ["the reply has no reasoning"], id="answer"),
        pytest.param(
            [{"reasoning": "Hm"}, {"content": " \n"}],
            ["the reply has no answer"],
            id="blank-answer",
        ),
    ],
)
def test_missing_and_blank_parts_are_found(stream, chunk, deltas, missing):
    events = [*map(chunk, deltas), chunk({}, "stop"), DONE]

    found = [finding.message for finding in missing_parts(stream(events))]

    assert missing == found


@pytest.mark.parametrize("judge", [missing_parts, missing_answer])
def test_a_reply_that_was_cut_off_is_not_applicable(stream, chunk, judge):
    events = [chunk({"reasoning": "Hm"}), chunk({}, "length"), DONE]

    with pytest.raises(NotApplicable):
        list(judge(stream(events)))


@pytest.mark.parametrize(
    ("delta", "actual"),
    [({"reasoning": "Hm"}, 'reasoning "Hm"'), ({}, "no text")],
    ids=["reasoning", "nothing"],
)
def test_a_reply_that_finished_without_an_answer_is_found(stream, chunk, delta, actual):
    (finding,) = missing_answer(stream([chunk(delta), chunk({}, "stop"), DONE]))

    assert (actual, "the whole stream") == (finding.actual, finding.at)


def test_a_finding_in_a_whole_message_has_no_event(answer):
    assert "the whole message" == location(answer(SUM_WHOLE, 200, {}))


def test_text_is_inserted_before_the_first_text_of_its_kind_only():
    assert [
        Piece(R, "Hm"),
        Piece(R, "."),
        Piece(A, "[/THINK]"),
        Piece(A, "So 4"),
        Piece(A, "2"),
    ] == list(insert_before(PIECES, A, "[/THINK]", "So "))
    assert list(PIECES) == list(insert_before(PIECES, PieceKind.TOOL, "x"))


def test_kinds_of_pieces_are_changed():
    assert [Piece(A, "4"), Piece(A, "2")] == without_reasoning(PIECES)
    assert [R] * 4 == [piece.kind for piece in answer_as_reasoning(PIECES)]
    assert [A] * 4 == [piece.kind for piece in reasoning_as_answer(PIECES)]
    assert "Hm.42" == "".join(piece.text for piece in reasoning_as_answer(PIECES))


@pytest.mark.parametrize(
    ("value", "count"),
    [({"choices": [{}, 1, {}]}, 2), ({"choices": "none"}, 0), ([], 0), (None, 0)],
    ids=["list", "text", "no-object", "null"],
)
def test_choices_are_objects(value, count):
    assert count == len(list(choice_objects(value)))
