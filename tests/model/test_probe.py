"""Probes: equality, repetition, prompt lengths and patches of the encoded body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.chat import freeze
from contract.model.probe import Fill, Patch, Probe, apply_patches, repeat
from contract.testing.strategies import json_values

BODY = {"a": {"b": [1, 2]}, "a/b": 0, "m~n": 0, "": 5}


@pytest.mark.parametrize(
    ("pointer", "value", "changed"),
    [
        ("/x", "1", {**BODY, "x": 1}),
        ("/a", None, {"a/b": 0, "m~n": 0, "": 5}),
        ("/a/b/0", "null", {**BODY, "a": {"b": [None, 2]}}),
        ("/a/b/1", None, {**BODY, "a": {"b": [1]}}),
        ("/a/b/-", "3", {**BODY, "a": {"b": [1, 2, 3]}}),
        ("/a~1b", "7", {**BODY, "a/b": 7}),
        ("/m~0n", "7", {**BODY, "m~n": 7}),
        ("/", "7", {**BODY, "": 7}),
        ("", "[]", []),
        ("", None, None),
        ("/x/y/z", "1", BODY),
        ("/x", None, BODY),
        ("/a/b/2", "3", BODY),
        ("/a/b/2", None, BODY),
        ("/a/b/-", None, BODY),
        ("/a/b/-1", "3", BODY),
        ("/a/b/²", "3", BODY),
        ("/a/b/2/c", "3", BODY),
        ("/a/b/0/c", "3", BODY),
    ],
)
def test_a_patch_changes_the_place_it_points_to_or_nothing(pointer, value, changed):
    before = freeze(BODY)

    assert changed == apply_patches(BODY, [Patch("p", pointer, value)])
    assert before == freeze(BODY)


def test_patches_are_applied_in_order():
    patches = [Patch("one", "/x", "{}"), Patch("two", "/x/y", "1")]

    assert {"x": {"y": 1}} == apply_patches({}, patches)


@given(
    body=json_values,
    pointer=st.lists(st.sampled_from(["", "a", "0", "-", "9" * 30, "~", "~01"])),
    value=st.sampled_from([None, "1", "[]"]),
)
def test_no_pointer_raises(body, pointer, value):
    path = "".join("/" + step for step in pointer)

    apply_patches(body, [Patch("p", path, value)])


def test_name_does_not_distinguish_probes_but_the_sample_does():
    probe = Probe(name="a")

    assert probe == Probe(name="b")
    assert 3 == len(set(repeat(probe, 3)))


@pytest.mark.parametrize(
    ("fill", "size"),
    [
        pytest.param(Fill(8_000), 8_000, id="tokens"),
        pytest.param(Fill(1, of_window=True), 4_097, id="beyond-the-window"),
        pytest.param(Fill(-1, of_window=True), 4_095, id="below-the-window"),
    ],
)
def test_a_prompt_length_may_be_relative_to_the_window(fill, size):
    assert size == fill.size(4_096)
