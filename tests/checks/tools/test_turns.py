"""Tests of the checks of conversations with calls and results."""

import pytest

from contract.catalog.profiles import builtin
from contract.checks.tools import turns
from contract.model.rewrite import rewrite_usage


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (turns.mismatched_id_is_refused, turns.accepts_mismatched_id),
        (turns.second_result_is_refused, turns.accepts_second_result),
    ],
    ids=lambda one: one.id,
)
def test_an_accepted_invalid_result_is_found(check, fault, verdict):
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
