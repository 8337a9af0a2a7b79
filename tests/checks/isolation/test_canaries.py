"""Every request gets its own answer; another's is found by its measures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged, told

from contract.checks.isolation import canaries
from contract.profile import Capability
from contract.profiles import builtin
from contract.reply import rehearse
from contract.retell import count

PROFILE = builtin()["vllm-0.32"]
COARSE = replace(PROFILE, offers=PROFILE.offers - {Capability.EXACT_TOKENS})


def answers(probes, profile=PROFILE, **charged):
    """Well-behaved exchanges, with other counts by the name of the probe."""

    def change(probe):
        return lambda usage: usage.update(charged.get(probe.name, {}))

    return [
        rehearse(count(told(profile, probe), change(probe)), probe, profile)
        for probe in probes
    ]


@pytest.mark.parametrize("profile", [PROFILE, COARSE], ids=["exact", "coarse"])
def test_two_prompts_that_change_places_are_found(profile):
    clean = answers(canaries.CANARIES, profile)
    counts = {x.probe.name: {"prompt_tokens": x.count("prompt_tokens")} for x in clean}
    one, other = clean[0].probe.name, clean[1].probe.name
    swapped = {one: counts[other], other: counts[one]}

    verdict = judged(
        canaries.own_prompt, *answers(canaries.CANARIES, profile, **swapped)
    )

    assert "pass" == judged(canaries.own_prompt, *clean).word
    assert "fail" == verdict.word


def test_a_limit_of_another_request_is_found():
    first = canaries.LIMITED[0].name
    wrong = answers(canaries.LIMITED, **{first: {"completion_tokens": 6}})

    (finding,) = judged(canaries.own_limit, *wrong).findings

    assert (finding.expected, finding.at) == (
        "completion_tokens 3, its max_tokens",
        first,
    )


def test_answers_that_end_by_themselves_say_nothing_about_limits():
    short = [replace(x, arrivals=()) for x in answers(canaries.LIMITED)]

    assert "skip" == judged(canaries.own_limit, *short).word


def test_forms_that_change_places_are_found_twice():
    whole, streamed = answers((canaries.WHOLE_TWIN, canaries.STREAMED_TWIN))

    assert "pass" == judged(canaries.own_form, whole, streamed).word
    assert 2 == len(judged(canaries.own_form, streamed, whole).findings)


def test_choices_that_change_places_are_found_twice():
    one, two = answers((canaries.WHOLE_TWIN, canaries.DOUBLE_TWIN))
    swapped = (replace(two, probe=one.probe), replace(one, probe=two.probe))

    assert "pass" == judged(canaries.own_choices, one, two).word
    assert 2 == len(judged(canaries.own_choices, *swapped).findings)
