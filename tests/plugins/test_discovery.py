"""The catalogue: what a shelf holds, found without anybody registering it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from contract.errors import (
    SpecError,
    UsageError,
)
from contract.model.check import (
    Check,
    Quirk,
)
from contract.plugins import discovery


@dataclass(frozen=True)
class Thing:
    """A value that can be found."""

    id: str


@pytest.fixture
def shelf(monkeypatch):
    """`shelf(**modules)` makes a shelf of modules, each a dict of its names."""
    points = []

    def made(**modules):
        for name, values in modules.items():
            module = ModuleType(f"plugin_{name}")
            vars(module).update(values)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            points.append(EntryPoint(name, module.__name__, "contract.quirks"))
        return discovery.find("quirks", Thing)

    monkeypatch.setattr(discovery, "entry_points", lambda **_: points)
    forget()
    yield made
    forget()


def forget():
    for cached in (discovery.find, discovery.plugins, discovery._found):
        cached.cache_clear()


def test_every_value_of_the_kind_is_found_by_id(shelf):
    one, other = Thing("one"), Thing("other")

    found = shelf(a={"x": one, "y": other, "z": "no thing"})

    assert {"one": one, "other": other} == found


def test_a_value_may_be_imported_by_another_module(shelf):
    thing = Thing("one")

    assert {"one": thing} == shelf(a={"x": thing}, b={"x": thing})


def test_two_values_may_not_share_an_id(shelf):
    with pytest.raises(SpecError, match="plugin_a and in plugin_b"):
        shelf(a={"x": Thing("one")}, b={"x": Thing("one")})


def test_a_broken_plug_in_is_named(shelf, monkeypatch):
    monkeypatch.setitem(sys.modules, "plugin_gone", None)
    point = EntryPoint("gone", "plugin_gone", "contract.quirks")
    monkeypatch.setattr(discovery, "entry_points", lambda **_: [point])

    with pytest.raises(
        UsageError,
        match=r"The plug-in 'gone' \(plugin_gone, of an unknown distribution\)",
    ):
        shelf()


def test_a_family_may_be_a_package():
    homes = {module.__name__ for module in discovery.modules("checks")}

    assert "contract.checks.streaming.framing" in homes


def test_kinds_do_not_mix():
    assert not set(discovery.find("checks", Check)) & set(
        discovery.find("quirks", Quirk)
    )


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"Unknown pet 'cta'. Did you mean 'cat'\?"):
        discovery.get("pet", "cta", {"cat": 1, "dog": 2})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        pytest.param("no-don", "done-missing", id="a-word-that-begins-alike"),
        pytest.param("sums", "usage.sums-up", id="a-word-inside"),
        pytest.param("Twice", "done-twice", id="in-capitals"),
    ],
)
def test_names_that_share_a_word_are_near(name, near):
    known = {"done-missing": 1, "done-twice": 2, "usage.sums-up": 3, "a-b": 4}

    assert repr(near) in discovery.suggestion(name, known)


def test_no_more_than_three_names_are_suggested():
    known = [f"done-{number}" for number in range(9)]

    assert discovery.suggestion("done", known).count("'done-") == 3


def test_short_words_bring_nothing_near():
    assert "Did you mean" not in discovery.suggestion("no-xyz", {"no-done": 1})


def test_unknown_name_far_from_all_is_answered_with_the_list():
    with pytest.raises(UsageError, match="Known: cat, dog"):
        discovery.get("pet", "xylophone", {"cat": 1, "dog": 2})


def test_known_name_is_got():
    assert discovery.get("pet", "dog", {"cat": 1, "dog": 2}) == 2
