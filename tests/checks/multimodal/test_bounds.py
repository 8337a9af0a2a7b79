"""Verdicts on the image limit, and on images in system and assistant messages."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict

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
def test_limit_of_the_profile_is_judged(check, name, limit, word):
    profile = replace(PROFILES[name], image_limit=limit)

    assert word == rehearsed_verdict(check, profile).word


@pytest.mark.parametrize(
    ("check", "limit"),
    [
        (bounds.takes_promised_images, 10),
        (bounds.refuses_too_many_images, 8),
        (bounds.limit_spans_turns, 8),
    ],
    ids=lambda one: getattr(one, "id", one),
)
def test_limit_other_than_promised_is_found(check, limit):
    """The mock accepts 8 images as Mistral and 10 as vLLM."""
    name = "mistral-2025-10" if limit == 10 else "vllm-0.32"

    assert (
        "fail"
        == rehearsed_verdict(check, replace(PROFILES[name], image_limit=limit)).word
    )


@pytest.mark.parametrize("number", [8, 9, 10, 11])
def test_probes_have_the_given_number_of_images(number):
    together = bounds.images_in_one_message(number)
    across_turns = bounds.images_across_turns(number)

    assert number == len(sizes(together)) == len(sizes(across_turns))
    assert {1} == {
        len(message.parts) - 1
        for message in across_turns.messages
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
def test_mock_accepts_images_in_the_roles_of_its_dialect(name, system, assistant):
    profile = PROFILES[name]

    assert system == mock_reply(profile, bounds.SYSTEM_IMAGE).status
    assert assistant == mock_reply(profile, bounds.ASSISTANT_IMAGE).status


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_profiles_tolerate_the_roles_that_their_mock_accepts(profile):
    for name, probe in (
        ("system-image", bounds.SYSTEM_IMAGE),
        ("assistant-image", bounds.ASSISTANT_IMAGE),
    ):
        if mock_reply(profile, probe).status == 200:
            assert name in profile.tolerates
