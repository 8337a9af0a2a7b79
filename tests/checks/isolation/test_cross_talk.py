"""Cross-talk checks: swapped prompts, limits, forms and choices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.isolation import cross_talk
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_usage

PROFILE = builtin()["vllm-0.32"]
COARSE = replace(PROFILE, offers=PROFILE.offers - {Capability.EXACT_TOKENS})


def answers(probes, profile=PROFILE, **charged):
    """Return correct exchanges; *charged* maps a probe name to changed usage."""

    def change(probe):
        return lambda usage: usage.update(charged.get(probe.name, {}))

    return [
        rehearse(
            rewrite_usage(mock_reply(profile, probe), change(probe)), probe, profile
        )
        for probe in probes
    ]


@pytest.mark.parametrize("profile", [PROFILE, COARSE], ids=["exact", "coarse"])
def test_swapped_prompts_are_a_finding(profile):
    clean = answers(cross_talk.MARKED_PROMPTS, profile)
    counts = {x.probe.name: {"prompt_tokens": x.count("prompt_tokens")} for x in clean}
    one, other = clean[0].probe.name, clean[1].probe.name
    swapped = {one: counts[other], other: counts[one]}

    verdict = verdict_on(
        cross_talk.own_prompt, *answers(cross_talk.MARKED_PROMPTS, profile, **swapped)
    )

    assert "pass" == verdict_on(cross_talk.own_prompt, *clean).word
    assert "fail" == verdict.word


def test_the_limit_of_another_request_is_a_finding():
    first = cross_talk.LIMITED[0].name
    wrong = answers(cross_talk.LIMITED, **{first: {"completion_tokens": 6}})

    (finding,) = verdict_on(cross_talk.own_limit, *wrong).findings

    assert (finding.expected, finding.at) == (
        "completion_tokens 3, its max_tokens",
        first,
    )


def test_answers_below_their_limit_are_skipped():
    short = [replace(x, arrivals=()) for x in answers(cross_talk.LIMITED)]

    assert "skip" == verdict_on(cross_talk.own_limit, *short).word


def test_swapped_forms_are_two_findings():
    whole, streamed = answers((cross_talk.WHOLE_TWIN, cross_talk.STREAMED_TWIN))

    assert "pass" == verdict_on(cross_talk.own_form, whole, streamed).word
    assert 2 == len(verdict_on(cross_talk.own_form, streamed, whole).findings)


def test_swapped_choices_are_two_findings():
    one, two = answers((cross_talk.WHOLE_TWIN, cross_talk.DOUBLE_TWIN))
    swapped = (replace(two, probe=one.probe), replace(one, probe=two.probe))

    assert "pass" == verdict_on(cross_talk.own_choices, one, two).word
    assert 2 == len(verdict_on(cross_talk.own_choices, *swapped).findings)
