"""Tests of the checks of tool_choice, finish reasons, definitions and results."""

import pytest

from contract.catalog.profiles import builtin
from contract.checks.tools import choice, definitions, finish, turns
from contract.model.chat import Piece, PieceKind
from contract.model.rewrite import rewrite_pieces, rewrite_usage


def replace_calls_with_text(reply):
    def rewrite(pieces):
        rest = [piece for piece in pieces if piece.kind is not PieceKind.TOOL]
        return [*rest, Piece(PieceKind.ANSWER, "No.", pieces[0].choice)]

    return rewrite_pieces(reply, rewrite)


@pytest.mark.parametrize(
    ("check", "word"),
    [
        (choice.required_is_called, "fail"),
        (choice.named_is_called, "fail"),
        (choice.none_calls_nothing, "pass"),
        (choice.parallel_false_calls_once, "skip"),
        (choice.forced_call_stands_alone, "skip"),
        (finish.call_finishes_as_tool_calls, "skip"),
    ],
    ids=lambda one: getattr(one, "id", one),
)
def test_text_in_place_of_a_call_breaks_only_forced_calls(check, word, verdict):
    assert verdict(check, replace_calls_with_text).word == word


@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
def test_a_named_call_may_finish_either_way(reason, verdict):
    def change(reply):
        return finish.replace_finish_reason(reply, finish.TOOL_CALLS_OR_STOP, reason)

    assert verdict(finish.named_call_finishes, change).word == "pass"


@pytest.mark.parametrize("reason", ["eos_token", None])
def test_an_unknown_finish_reason_is_not_judged(reason, verdict):
    def change(reply):
        known = finish.TOOL_CALLS_OR_STOP | {"length"}
        return finish.replace_finish_reason(reply, known, reason)

    assert verdict(finish.call_finishes_as_tool_calls, change).word == "skip"
    assert verdict(finish.cut_call_finishes_with_length, change).word == "skip"


def test_an_incomplete_call_with_finish_reason_tool_calls_is_found(verdict):
    fault = finish.cut_call_called_finished.apply

    (found, *_) = verdict(finish.cut_call_finishes_with_length, fault).findings

    assert found.expected == "finish reason length"
    assert "city" in found.actual


@pytest.mark.parametrize("name", builtin())
def test_the_documented_number_of_tools_is_accepted(name, verdict):
    seen = verdict(definitions.many_are_taken, profile=builtin()[name])

    assert seen.word == "pass"


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (turns.mismatched_id_is_refused, turns.accepts_mismatched_id),
        (turns.second_result_is_refused, turns.accepts_second_result),
        (definitions.bad_name_is_refused, definitions.accepts_bad_name),
        (definitions.bad_schema_is_refused, definitions.accepts_bad_schema),
    ],
    ids=lambda one: one.id,
)
def test_an_accepted_invalid_request_is_found(check, fault, verdict):
    profile = builtin()["mistral-2025-10"]

    assert verdict(check, profile=profile).word == "pass"
    assert verdict(check, fault.apply, profile).word == "fail"


@pytest.mark.parametrize(
    "check",
    [turns.declared_tools_are_counted, turns.results_are_counted],
    ids=lambda one: one.id,
)
@pytest.mark.parametrize(("more", "word"), [(0, "pass"), (1, "fail"), (-1, "fail")])
def test_a_difference_of_one_token_is_found(check, more, word, verdict):
    def change(reply):
        return rewrite_usage(
            reply, lambda u: u.update(prompt_tokens=u["prompt_tokens"] + more)
        )

    assert verdict(check, change).word == word


def test_a_reply_without_output_after_results_is_found(verdict):
    fault = turns.silent_after_results.apply

    assert verdict(turns.results_are_answered).word == "pass"
    assert verdict(turns.results_are_answered, fault).word == "fail"
