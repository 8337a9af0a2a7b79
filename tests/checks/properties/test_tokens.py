"""Prompts of any conversation, counted exactly."""

from __future__ import annotations

import pytest
from support.rehearsal import overcharged_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.properties.tokens import prompts_are_counted_exactly
from contract.model.probes import SUM_WHOLE


def test_reply_without_usage_is_not_applicable(empty):
    assert verdict_on(prompts_are_counted_exactly, empty).word == "skip"


@pytest.mark.parametrize(("more", "word"), [(0, "pass"), (1, "fail"), (-1, "fail")])
def test_a_difference_of_one_token_is_found(more, word):
    exchange = overcharged_exchange(builtin()["vllm-0.32"], SUM_WHOLE, more)

    assert verdict_on(prompts_are_counted_exactly, exchange).word == word
