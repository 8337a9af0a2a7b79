"""Comparison of prompt tokens: exact with Tekken, an increase elsewhere."""

import pytest
from support.rehearsal import overcharged_exchange

from contract.catalog.profiles import builtin
from contract.checks.conversation.prompt_cost import (
    assistant,
    costs_more,
    costs_the_same,
    system,
)
from contract.checks.judging.prompt_tokens import one_token_request
from contract.model.probes import user

PROFILES = builtin()
SHORT = one_token_request("short", "One.")
LONG = one_token_request(
    "long", system("Be brief."), user("One."), assistant("Two."), user("Three.")
)


@pytest.mark.parametrize(
    ("name", "more", "found"),
    [
        ("vllm-0.32", 0, 0),
        ("vllm-0.32", 1, 1),
        ("vllm-0.32", -1, 1),
        ("llamacpp", 0, 0),
        ("llamacpp", 5, 0),
        ("llamacpp", -100, 1),
    ],
)
def test_the_difference_must_be_exact_with_tekken(name, more, found):
    short, longer = (
        overcharged_exchange(PROFILES[name], SHORT, 0),
        overcharged_exchange(PROFILES[name], LONG, more),
    )

    assert found == len(list(costs_more(longer, short, "the rest")))


@pytest.mark.parametrize("name", PROFILES)
def test_an_equal_count_is_a_finding(name):
    profile = PROFILES[name]
    short, longer = (overcharged_exchange(profile, probe, 0) for probe in (SHORT, LONG))
    less = short.count("prompt_tokens") - longer.count("prompt_tokens")

    found = list(
        costs_more(overcharged_exchange(profile, LONG, less), short, "the rest")
    )

    assert ["the rest is not counted as it was sent"] == [one.message for one in found]


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(("more", "found"), [(0, 0), (1, 1), (-1, 1)])
def test_equal_prompts_must_cost_the_same_in_every_profile(name, more, found):
    one, other = (overcharged_exchange(PROFILES[name], SHORT, n) for n in (0, more))

    assert found == len(list(costs_the_same(one, other, "it")))
