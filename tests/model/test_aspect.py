"""Tests of what a gateway may change."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.errors import SpecError
from contract.model.aspect import NEVER, USUAL, Aspect
from contract.model.profile import parse

DIALECTS = {one.dialect.id: one.dialect for one in builtin().values()}


def profile(aspects):
    text = f'[gw]\nlike = "vllm-0.32"\nmay_change = {aspects}\n'
    return parse(text, DIALECTS, builtin())["gw"]


def test_no_profile_permits_what_no_gateway_may_change():
    for one in builtin().values():
        assert not one.may_change & NEVER


def test_a_profile_says_what_its_gateway_may_change():
    assert profile('["model", "members"]').may_change == {Aspect.MODEL, Aspect.MEMBERS}
    assert builtin()["vllm-0.32"].may_change == USUAL


@pytest.mark.parametrize("aspect", sorted(NEVER))
def test_what_no_gateway_may_change_cannot_be_listed(aspect):
    with pytest.raises(SpecError, match="no gateway may change"):
        profile(f'["{aspect.value}"]')


@pytest.mark.parametrize(
    ("aspects", "said"),
    [
        ('["modle"]', "did you mean 'model'"),
        ("[1]", "unknown aspect 1"),
        ('"model"', "must be a list"),
    ],
)
def test_a_wrong_list_is_named(aspects, said):
    with pytest.raises(SpecError, match=said):
        profile(aspects)
