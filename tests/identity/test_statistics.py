"""Distances between replies, and tests of whether two sets of them differ."""

from __future__ import annotations

import pytest

from contract.identity.observations import Step
from contract.identity.statistics import (
    TextTest,
    distance,
    holm,
    kernel,
    sign_flip,
)


def test_equal_replies_have_no_distance():
    steps = [Step("a", {"a": -0.1, "b": -2.5})]

    assert distance(steps, steps) == 0


def test_the_distance_is_the_mean_over_the_tokens():
    one, other = (
        [Step("a", {"a": -1.0, "b": -2.0})],
        [Step("a", {"a": -1.5, "b": -3.0})],
    )

    assert distance(one, other) == pytest.approx(0.75)


def test_a_token_that_one_side_does_not_list_counts_by_what_is_certain():
    one, other = (
        [Step("a", {"a": -1.0, "b": -2.0})],
        [Step("a", {"a": -1.0, "c": -4.0})],
    )

    # b is at most -4 there: 2 nats; c is at most -2 here, which says nothing.
    assert distance(one, other) == pytest.approx(2 / 3)


def test_what_follows_another_token_is_not_compared():
    one = [Step("a", {"a": -1.0}), Step("x", {"x": -1.0})]
    other = [Step("b", {"a": -1.0}), Step("x", {"x": -9.0})]

    assert distance(one, other) == 0
    assert distance([], other) is None


def test_signs_are_enumerated():
    assert sign_flip([1.0, 2.0, 3.0]) == 1 / 8
    assert sign_flip([-1.0, -2.0, -3.0]) == 1
    assert sign_flip([]) == 1
    assert sign_flip([0.1] * 14) == 2**-14
    assert sign_flip([0.1] * 20) < 0.001


def test_the_kernel_is_the_share_of_equal_characters():
    assert kernel("", "") == 1
    assert kernel("blue", "blur") == 0.75
    assert kernel("blue", "bluebird") == 0.5


def test_equal_texts_do_not_differ_and_others_do():
    same = TextTest([(["a", "b"], ["a", "b"])] * 8)
    other = TextTest([(["a", "a"], ["b", "b"])] * 8)

    assert same.p > 0.5
    assert other.p < 0.005
    assert (same.replies, TextTest([]).p) == (32, 1)


@pytest.mark.parametrize(("changed", "found"), [(0, False), (3, False), (6, True)])
def test_six_changed_prompts_of_sixteen_are_found_by_two_replies_each(changed, found):
    groups = [(["a", "a"], ["b", "b"])] * changed + [(["a", "a"], ["a", "a"])] * 16

    assert (TextTest(groups[:16]).p <= 0.01) is found


def test_holm_compares_the_smallest_with_the_strictest_level():
    assert holm({"a": 0.004, "b": 0.009}, 0.01) == {"a", "b"}
    assert holm({"a": 0.006, "b": 0.009}, 0.01) == frozenset()
    assert holm({}, 0.01) == frozenset()
