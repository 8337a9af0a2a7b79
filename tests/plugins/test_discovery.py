"""Discovery: values are found in the modules of a folder without registration."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from contract.errors import SpecError, UsageError
from contract.model.check import Check, Quirk
from contract.plugins import discovery


@dataclass(frozen=True)
class Thing:
    """A value that can be found."""

    id: str


@pytest.fixture
def find_things(monkeypatch):
    """`find_things(**modules)` searches plug-ins, each given as a dict of its names."""
    points = []

    def made(**modules):
        for name, values in modules.items():
            module = ModuleType(f"plugin_{name}")
            vars(module).update(values)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            points.append(EntryPoint(name, module.__name__, "contract.quirks"))
        return discovery.find("quirks", Thing)

    monkeypatch.setattr(discovery, "entry_points", lambda **_: points)
    clear_caches()
    yield made
    clear_caches()


def clear_caches():
    for cached in (discovery.find, discovery.plugins, discovery._found):  # noqa: SLF001  # its cache must go too
        cached.cache_clear()


def test_every_value_of_the_type_is_found_by_id(find_things):
    one, other = Thing("one"), Thing("other")

    found = find_things(a={"x": one, "y": other, "z": "text"})

    assert {"one": one, "other": other} == found


def test_a_value_may_be_imported_by_another_module(find_things):
    thing = Thing("one")

    assert {"one": thing} == find_things(a={"x": thing}, b={"x": thing})


def test_two_values_may_not_share_an_id(find_things):
    with pytest.raises(SpecError, match="plugin_a and in plugin_b"):
        find_things(a={"x": Thing("one")}, b={"x": Thing("one")})


def test_a_broken_plug_in_is_named(find_things, monkeypatch):
    monkeypatch.setitem(sys.modules, "plugin_gone", None)
    point = EntryPoint("gone", "plugin_gone", "contract.quirks")
    monkeypatch.setattr(discovery, "entry_points", lambda **_: [point])

    with pytest.raises(
        UsageError,
        match=r"The plug-in 'gone' \(plugin_gone, of an unknown distribution\)",
    ):
        find_things()


@pytest.mark.parametrize("error", ["SystemExit(0)", "Panic()", "ValueError()"])
def test_a_plug_in_that_ends_its_import_is_named(tmp_path, monkeypatch, error):
    source = f"class Panic(BaseException): pass\nraise {error}\n"
    (tmp_path / "plugin_quits.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("quits", "plugin_quits", "contract.quirks")
    monkeypatch.setattr(discovery, "entry_points", lambda **_: [point])
    clear_caches()

    with pytest.raises(UsageError, match="The plug-in 'quits' "):
        discovery.find("quirks", Thing)


def test_a_value_that_answers_no_question_is_no_thing(find_things):
    class Lazy:
        @property
        def __class__(self):
            raise LookupError("no context")

    thing = Thing("one")

    assert {"one": thing} == find_things(a={"x": Lazy(), "y": thing})


def test_the_plug_in_that_raised_is_found_by_the_traceback(tmp_path, monkeypatch):
    (tmp_path / "plugin_raises.py").write_text("def call(f): f()\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("raises", "plugin_raises.checks", "contract.checks")
    monkeypatch.setattr(discovery, "entry_points", lambda **_: [point])
    import plugin_raises  # noqa: PLC0415  # written above

    def wrong():
        raise LookupError

    with pytest.raises(LookupError) as theirs:
        plugin_raises.call(wrong)
    with pytest.raises(LookupError) as ours:
        wrong()

    assert discovery.culprit(theirs.value).name == "raises"
    assert discovery.culprit(ours.value) is None


def test_modules_of_packages_are_found():
    names = {module.__name__ for module in discovery.modules("checks")}

    assert "contract.checks.streaming.framing" in names


def test_types_do_not_mix():
    assert not set(discovery.find("checks", Check)) & set(
        discovery.find("quirks", Quirk)
    )


def test_unknown_name_is_reported_with_the_closest():
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
def test_names_that_share_a_word_are_suggested(name, near):
    known = {"done-missing": 1, "done-twice": 2, "usage.sums-up": 3, "a-b": 4}

    assert repr(near) in discovery.suggestion(name, known)


def test_no_more_than_three_names_are_suggested():
    known = [f"done-{number}" for number in range(9)]

    assert discovery.suggestion("done", known).count("'done-") == 3


def test_short_words_suggest_nothing():
    assert "Did you mean" not in discovery.suggestion("no-xyz", {"no-done": 1})


def test_unknown_name_similar_to_none_is_reported_with_the_list():
    with pytest.raises(UsageError, match="Known: cat, dog"):
        discovery.get("pet", "xylophone", {"cat": 1, "dog": 2})


def test_long_lists_are_replaced_by_the_command_that_shows_them():
    known = [f"name-{number}" for number in range(31)]

    assert "`magistral-contract list --help`" in discovery.suggestion("xyzzy", known)
    faults = discovery.suggestion("xyzzy", known, what="fault")
    assert faults == "; run `magistral-contract list --faults` for all."


def test_known_name_is_returned():
    assert discovery.get("pet", "dog", {"cat": 1, "dog": 2}) == 2
