"""Limits are judged where they are stated, and roles where they are ruled."""

from dataclasses import replace

import pytest
from rehearsal import rehearsed, told

from contract.catalog.profiles import builtin
from contract.checks.multimodal import bounds
from contract.checks.multimodal.image_cost import sizes

PROFILES = builtin()
CHECKS = [
    bounds.takes_promised_images,
    bounds.refuses_too_many_images,
    bounds.limit_spans_turns,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("name", "limit", "word"),
    [
        ("mistral-2025-10", 8, "pass"),
        ("vllm-0.32", 10, "pass"),
        ("llamacpp", None, "skip"),
        ("vllm-0.32", 99, "skip"),
    ],
)
def test_limit_is_the_stated_one(check, name, limit, word):
    profile = replace(PROFILES[name], image_limit=limit)

    assert word == rehearsed(check, profile).word


@pytest.mark.parametrize(
    ("check", "limit"),
    [
        (bounds.takes_promised_images, 10),
        (bounds.refuses_too_many_images, 8),
        (bounds.limit_spans_turns, 8),
    ],
    ids=lambda one: getattr(one, "id", one),
)
def test_another_limit_than_the_stated_one_is_found(check, limit):
    """Mistral's stand-in takes 8 images, vLLM's 10."""
    name = "mistral-2025-10" if limit == 10 else "vllm-0.32"

    assert "fail" == rehearsed(check, replace(PROFILES[name], image_limit=limit)).word


@pytest.mark.parametrize("number", [8, 9, 10, 11])
def test_probes_show_as_many_images_as_they_say(number):
    assert (
        number == len(sizes(bounds.many(number))) == len(sizes(bounds.spread(number)))
    )
    assert {1} == {
        len(message.parts) - 1
        for message in bounds.spread(number).messages
        if message.role == "user"
    }


@pytest.mark.parametrize(
    ("name", "system", "assistant"),
    [
        ("mistral-2025-10", 422, 200),
        ("vllm-0.32", 400, 400),
        ("llamacpp", 200, 200),
    ],
)
def test_stand_in_lets_those_show_images_that_may(name, system, assistant):
    profile = PROFILES[name]

    assert system == told(profile, bounds.SYSTEM_IMAGE).status
    assert assistant == told(profile, bounds.ASSISTANT_IMAGE).status


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_who_takes_images_in_other_roles_is_said_to(profile):
    for name, probe in (
        ("system-image", bounds.SYSTEM_IMAGE),
        ("assistant-image", bounds.ASSISTANT_IMAGE),
    ):
        if told(profile, probe).status == 200:
            assert name in profile.tolerates
