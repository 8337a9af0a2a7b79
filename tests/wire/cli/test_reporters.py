"""A new kind of report is one module on the extension point."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from contract import reporters
from contract.plugins import discovery
from contract.reporters.base import Reporter, reporter


@reporter("tsv", suffix=".tsv")
def as_tsv(report):
    """Return a line per result."""
    return "".join(f"{one.check.id}\t{one.outcome}\n" for one in report.results)


@pytest.fixture
def _tsv_reporter(monkeypatch):
    """Put a module with the reporter `tsv` on the extension point."""
    module = ModuleType("plugin_tsv")
    module.as_tsv = as_tsv
    monkeypatch.setitem(sys.modules, module.__name__, module)
    points = discovery.entry_points

    def with_tsv(*, group):
        found = list(points(group=group))
        if group == "contract.reporters":
            found.append(EntryPoint("tsv", module.__name__, group))
        return found

    monkeypatch.setattr(discovery, "entry_points", with_tsv)
    _forget()
    yield
    _forget()


def _forget():
    for cached in (discovery.find, discovery.plugins, discovery._found):  # noqa: SLF001  # caches of the installed plug-ins
        cached.cache_clear()


@pytest.mark.usefixtures("_tsv_reporter")
def test_a_new_reporter_can_be_used(command, tmp_path):
    path = tmp_path / "report.tsv"
    done = command("verify", "mock", "--select", "models", "--report", f"tsv={path}")
    lines = path.read_text().splitlines()

    assert done.code == 0, done.out
    assert f"{sum(line.split()[1] == 'pass' for line in lines)} check" in done.out
    assert all(line.startswith("models.") for line in lines)


def test_the_help_names_every_file_of_the_reporters_and_what_it_is_called(command):
    kinds = sorted(discovery.find("reporters", Reporter))
    files = {path.stem for path in Path(reporters.__file__).parent.glob("[a-z]*.py")}

    assert set(kinds) == files - {"attribution", "base", "changes"}
    text = " ".join(command("verify", "--help").out.split())
    assert f"KIND is {', '.join(kinds)} or that of a plug-in." in text


@pytest.mark.usefixtures("_tsv_reporter")
def test_a_new_reporter_is_named_for_an_unknown_kind(command):
    done = command("verify", "mock", "--report", "nothing=-")

    assert done.code == 2
    known = done.err.partition("Known: ")[2].strip().rstrip(".").split(", ")
    assert known == sorted(discovery.find("reporters", Reporter))
    assert "tsv" in known
