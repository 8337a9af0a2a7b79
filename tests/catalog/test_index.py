"""The listing of checks: equal to the checks, and never out of date."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from contract.catalog import index
from contract.catalog.index import Entry, entries
from contract.model.check import Check
from contract.plugins.discovery import find, modules

CHECKS = find("checks", Check)
ROW = ("usage.sums-up", "MUST", "It MUST sum up.", "a test", ("seed",), "", False)
FOLDERS = ("checks", "model", "strategies", "tokens")


@pytest.fixture
def computed(tmp_path, monkeypatch):
    """How often the rows were computed, of a package of one check without plug-ins."""
    made = []

    def rows():
        made.append(None)
        return (ROW,)

    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
    (tmp_path / "checks" / "usage.py").write_text("one")
    (tmp_path / "index.py").touch()
    monkeypatch.setattr(index, "_PACKAGE", tmp_path)
    monkeypatch.setattr(index, "__file__", str(tmp_path / "index.py"))
    monkeypatch.setattr(index, "_rows", rows)
    monkeypatch.setattr(index, "declares_plugins", lambda: False)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return made


def test_the_listing_is_that_of_the_checks():
    listed = {entry.id: entry for entry in entries()}

    assert [*CHECKS] == [*listed]
    for name, check in CHECKS.items():
        assert listed[name] == Entry(
            id=name,
            level=check.level.value,
            requirement=check.requirement,
            source=check.source,
            needs=tuple(sorted(check.needs)),
            unless=check.unless or "",
            slow=check.slow,
        )
        assert listed[name].family == check.family


def test_every_module_of_checks_is_a_source(monkeypatch):
    found = []

    def derived(sources, *_):
        found.extend(sources)
        return ()

    monkeypatch.setattr(index, "declares_plugins", lambda: False)
    monkeypatch.setattr(index, "derived", derived)
    entries()

    package = Path(index.__file__).parents[1]
    names = (module.__name__ for module in modules("checks"))
    homes = {package.joinpath(*name.split(".")[1:]) for name in names}
    assert {path.with_suffix("") for path in found} >= {
        home / "__init__" if home.is_dir() else home for home in homes
    }
    assert {path.relative_to(package).parts[0] for path in found} == set(FOLDERS)


def test_the_rows_are_computed_once(computed):
    assert entries() == entries() == (Entry(*ROW),)
    assert len(computed) == 1


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_changed_or_new_source_is_noticed(computed, tmp_path, folder):
    path = tmp_path / folder / "usage.py"
    path.write_text("one")
    os.utime(path, ns=(1, 1))
    entries()
    os.utime(path, ns=(2, 2))
    entries()
    (tmp_path / folder / "new.py").touch()
    entries()

    assert len(computed) == 3


def test_a_removed_source_is_noticed(computed, tmp_path):
    entries()
    (tmp_path / "checks" / "usage.py").unlink()
    entries()

    assert len(computed) == 2


def test_with_plug_ins_nothing_is_cached(computed, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "declares_plugins", lambda: True)

    assert entries() == entries() == (Entry(*ROW),)
    assert len(computed) == 2
    assert not (tmp_path / "__pycache__").exists()
