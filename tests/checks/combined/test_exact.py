"""Prompts of many parts are settled by one exact count."""

from __future__ import annotations

import pytest
from support.rehearsal import overcharged_exchange

from contract.catalog.profiles import builtin
from contract.checks.combined.exact import exact_prompts
from contract.checks.judging.prompt_tokens import PLAIN, TEKKEN, one_token_request
from contract.checks.multimodal.image_cost import EXACT_COST

PROFILE = builtin()["vllm-0.32"]
GREEK, HINDI = one_token_request("greek", "θάλασσα"), one_token_request("hindi", "नदी")


def test_the_short_prompt_comes_first_and_exact_counts_are_needed():
    combined = exact_prompts(GREEK, HINDI)

    assert (combined.sends, combined.needs) == ((PLAIN, GREEK, HINDI), TEKKEN)
    assert exact_prompts(GREEK, needs=EXACT_COST).needs == EXACT_COST


@pytest.mark.parametrize(("more", "findings"), [(0, 0), (1, 1), (-1, 1)])
def test_each_prompt_is_compared_with_the_short_one(more, findings):
    combined = exact_prompts(GREEK, HINDI)
    plain, greek, hindi = (
        overcharged_exchange(PROFILE, probe, extra)
        for probe, extra in zip(combined.sends, (0, 0, more), strict=True)
    )

    assert findings == len([*combined.judge(plain, greek, hindi)])
