"""Prices of images, and replies that charge or refuse them."""

from dataclasses import replace

import pytest
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    ONE_IMAGE,
    asked,
    charge,
    counts,
    exactly,
    prices,
    refuse_image,
    sizes,
    square,
)
from contract.model.chat import (
    Image,
    Text,
)
from contract.model.check import CLIENT_ERRORS
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.model.rewrite import decode_reply

DIALECTS = dialects()
VLLM = builtin()["vllm-0.32"]
COARSE = replace(VLLM, offers=VLLM.offers - {Capability.EXACT_IMAGES})


def answered(probe, more=0, profile=VLLM):
    return rehearse(charge(told(profile, probe), more), probe, profile)


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("vllm-0.16", 6), ("mistral-2025-10", 6), ("llamacpp", 12), ("inline", 6)],
)
def test_price_is_that_of_the_dialect(dialect, expected):
    assert (expected,) == prices(DIALECTS[dialect], ONE_IMAGE)


@pytest.mark.parametrize("image", [Image(b""), Image(url="http://127.0.0.1:1/x.png")])
def test_what_is_no_image_has_no_price(image):
    probe = asked("none", Text("What?"), image)

    assert ((0, 0),) == sizes(probe)
    assert (0,) == prices(DIALECTS["vllm-0.16"], probe)


@pytest.mark.parametrize(
    ("more", "exact", "coarse"),
    [
        (0, [], []),
        (1, ["wrongly"], []),
        (-1, ["wrongly"], []),
        (-6, ["wrongly"], ["no"]),
    ],
)
def test_price_is_judged_as_exactly_as_promised(more, exact, coarse):
    for profile, expected in ((VLLM, exact), (COARSE, coarse)):
        text = answered(NO_IMAGE, profile=profile)
        image = answered(ONE_IMAGE, more, profile)

        findings = list(exactly(text, image))

        assert len(findings) == len(expected)
        assert all(
            word in f.message for word, f in zip(expected, findings, strict=True)
        )


@pytest.mark.parametrize(("more", "found"), [(-5, 0), (-6, 1), (-7, 1)])
def test_one_token_is_enough_to_count(more, found):
    text, image = answered(NO_IMAGE), answered(ONE_IMAGE, more)

    assert found == len(list(counts(text, image)))


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_refusal_is_spelled_by_its_dialect(name):
    profile = next(p for p in builtin().values() if p.dialect.id == name)
    refused = refuse_image(told(profile, ONE_IMAGE), "no images here")

    assert refused.status in CLIENT_ERRORS | {500}
    assert refused.rejection is not None
    assert not decode_reply(refused).answer


def test_nothing_to_charge_changes_nothing():
    reply = told(VLLM, ONE_IMAGE)

    assert charge(reply, 0) is reply
    assert decode_reply(charge(reply, 5)).count("prompt_tokens") == (
        (decode_reply(reply).count("prompt_tokens") or 0) + 5
    )


def test_squares_of_two_shades_differ():
    assert square(56, 0) != square(56, 255)
