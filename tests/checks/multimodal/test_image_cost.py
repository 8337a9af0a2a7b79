"""Costs of images, and replies that add_prompt_tokens for them."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    ONE_IMAGE,
    add_prompt_tokens,
    ask,
    expect_counted,
    expect_exact_cost,
    image_costs,
    sizes,
    square,
)
from contract.model.chat import Image, Text
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.model.rewrite import decode_reply

DIALECTS = dialects()
VLLM = builtin()["vllm-0.32"]
COARSE = replace(VLLM, offers=VLLM.offers - {Capability.EXACT_IMAGES})


def answered(probe, more=0, profile=VLLM):
    return rehearse(add_prompt_tokens(mock_reply(profile, probe), more), probe, profile)


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("vllm-0.16", 6), ("mistral-2025-10", 6), ("llamacpp", 12), ("inline", 6)],
)
def test_cost_follows_the_formula_of_the_dialect(dialect, expected):
    assert (expected,) == image_costs(DIALECTS[dialect], ONE_IMAGE)


@pytest.mark.parametrize("image", [Image(b""), Image(url="http://127.0.0.1:1/x.png")])
def test_undecodable_image_costs_nothing(image):
    probe = ask("none", Text("What?"), image)

    assert ((0, 0),) == sizes(probe)
    assert (0,) == image_costs(DIALECTS["vllm-0.16"], probe)


@pytest.mark.parametrize(
    ("more", "exact", "coarse"),
    [
        (0, [], []),
        (1, ["wrongly"], []),
        (-1, ["wrongly"], []),
        (-6, ["wrongly"], ["does not contain"]),
    ],
)
def test_cost_is_judged_exactly_only_if_promised(more, exact, coarse):
    for profile, expected in ((VLLM, exact), (COARSE, coarse)):
        text = answered(NO_IMAGE, profile=profile)
        image = answered(ONE_IMAGE, more, profile)

        findings = list(expect_exact_cost(text, image))

        assert len(findings) == len(expected)
        assert all(
            word in f.message for word, f in zip(expected, findings, strict=True)
        )


@pytest.mark.parametrize(("more", "found"), [(-5, 0), (-6, 1), (-7, 1)])
def test_one_token_suffices_for_an_image(more, found):
    text, image = answered(NO_IMAGE), answered(ONE_IMAGE, more)

    assert found == len(list(expect_counted(text, image)))


def test_tokens_are_added_to_the_prompt():
    reply = mock_reply(VLLM, ONE_IMAGE)

    assert add_prompt_tokens(reply, 0) is reply
    assert decode_reply(add_prompt_tokens(reply, 5)).count("prompt_tokens") == (
        (decode_reply(reply).count("prompt_tokens") or 0) + 5
    )


def test_squares_of_different_shades_differ():
    assert square(56, 0) != square(56, 255)
