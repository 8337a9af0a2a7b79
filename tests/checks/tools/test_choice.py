"""What tool_choice asks for, and what a model may leave undone."""

import pytest

from contract.catalog.profiles import builtin
from contract.checks.tools import (
    choice,
    definitions,
    finish,
    turns,
)
from contract.model.chat import (
    Piece,
    PieceKind,
)
from contract.model.rewrite import rewrite_pieces


def in_words(reply):
    def told(said):
        rest = [piece for piece in said if piece.kind is not PieceKind.TOOL]
        return [*rest, Piece(PieceKind.ANSWER, "No.", said[0].choice)]

    return rewrite_pieces(reply, told)


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
def test_words_in_place_of_a_call_break_only_what_was_forced(check, word, verdict):
    assert verdict(check, in_words).word == word


@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
def test_a_named_call_may_finish_either_way(reason, verdict):
    def change(reply):
        return finish.refinished(reply, finish.ENDED, reason)

    assert verdict(finish.named_call_finishes, change).word == "pass"


@pytest.mark.parametrize("reason", ["eos_token", None])
def test_an_unknown_finish_is_judged_elsewhere(reason, verdict):
    def change(reply):
        ended = finish.ENDED | {"length"}
        return finish.refinished(reply, ended, reason)

    assert verdict(finish.call_finishes_as_tool_calls, change).word == "skip"
    assert verdict(finish.cut_call_finishes_with_length, change).word == "skip"


def test_half_a_call_that_is_called_finished_is_found(verdict):
    fault = finish.cut_call_called_finished.apply

    (found, *_) = verdict(finish.cut_call_finishes_with_length, fault).findings

    assert found.expected == "finish reason length"
    assert "city" in found.actual


@pytest.mark.parametrize("name", builtin())
def test_as_many_tools_as_documented_are_taken(name, verdict):
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
def test_what_must_be_refused_is_found_when_taken(check, fault, verdict):
    profile = builtin()["mistral-2025-10"]

    assert verdict(check, profile=profile).word == "pass"
    assert verdict(check, fault.apply, profile).word == "fail"


@pytest.mark.parametrize(
    "check",
    [turns.declared_tools_are_counted, turns.results_are_counted],
    ids=lambda one: one.id,
)
@pytest.mark.parametrize(("more", "word"), [(0, "pass"), (1, "fail"), (-1, "fail")])
def test_one_token_of_the_tools_makes_the_difference(check, more, word, verdict):
    def change(reply):
        return turns.rewrite_usage(
            reply, lambda u: u.update(prompt_tokens=u["prompt_tokens"] + more)
        )

    assert verdict(check, change).word == word


def test_silence_after_the_results_is_found(verdict):
    fault = turns.silent_after_results.apply

    assert verdict(turns.results_are_answered).word == "pass"
    assert verdict(turns.results_are_answered, fault).word == "fail"
