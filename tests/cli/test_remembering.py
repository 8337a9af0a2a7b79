"""`contract.cli.remembering`: a run is stored before it is reported, or it says why."""

from __future__ import annotations

import json
import sqlite3
import sys
from dataclasses import replace

import pytest
from support.runs import FAIL, MUST, PASS, report

from contract.cli import remembering
from contract.cli.delivery import INTERRUPTED
from contract.cli.remembering import Memory
from contract.errors import UsageError
from contract.history import database
from contract.history.store import History
from contract.reporters.changes import newly_failed

FEW = ("--no-config", "--select", "streaming.ends-with-done")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    monkeypatch.delenv("MAGISTRAL_CONTRACT_HISTORY", raising=False)


def foreign(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()


def newer(path):
    History.open(str(path)).close()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE magistral_schema SET version = 9")
    other.close()


def text(path):
    path.write_text("this is no database")


def test_a_report_says_what_changed_and_where_it_is_stored(tmp_path):
    place = str(tmp_path / "h.db")
    for outcome in (PASS, FAIL):
        memory = Memory.prepare(place, "any")
        kept, code = memory.keep(report((MUST, outcome)), "verify")

    assert code == 0
    assert kept.headers[0].notes == (
        f"stored as run 2 of the history {place!r}, compared with run 1",
    )
    assert newly_failed(kept) == {("one", MUST.id)}


@pytest.mark.parametrize(("before", "code"), [(FAIL, 0), (PASS, 1), (None, 1)])
def test_what_fails_in_the_baseline_is_not_new(before, code):
    earlier = report() if before is None else report((MUST, before))
    memory = Memory.prepare(None, "new", baseline=True)
    kept, _ = memory.keep(replace(report((MUST, FAIL)), baseline=earlier), "verify")

    assert kept.exit_code == code


def test_a_baseline_is_what_is_compared_also_with_a_history(tmp_path):
    place = str(tmp_path / "h.db")
    Memory.prepare(place, "any").keep(report((MUST, FAIL)), "verify")
    memory = Memory.prepare(place, "new", baseline=True)
    earlier = report((MUST, PASS))
    kept, _ = memory.keep(replace(report((MUST, FAIL)), baseline=earlier), "verify")

    assert (kept.exit_code, kept.baseline) == (1, earlier)


@pytest.mark.parametrize(("fail_on", "code"), [("any", 1), ("new", 0)])
def test_what_failed_before_fails_the_run_unless_only_new_counts(
    tmp_path, fail_on, code
):
    place = str(tmp_path / "h.db")
    first, _ = Memory.prepare(place, fail_on).keep(report((MUST, FAIL)), "verify")
    second, _ = Memory.prepare(place, fail_on).keep(report((MUST, FAIL)), "verify")

    assert (first.exit_code, second.exit_code) == (1, code)
    assert second.is_warning(second.results[0]) is (fail_on == "new")
    runs = History.open(place, read_only=True).runs()
    assert [run.exit_code for run in runs] == [code, 1]


def test_without_a_history_nothing_changes():
    one = report((MUST, FAIL))

    assert Memory.prepare(None, "any").keep(one, "verify") == (one, 0)
    with pytest.raises(UsageError, match="--fail-on new needs a run"):
        Memory.prepare(None, "new")


@pytest.mark.parametrize("damage", [foreign, newer, text])
def test_a_history_that_cannot_be_used_costs_no_report(command, tmp_path, damage):
    path, saved = tmp_path / "h.db", tmp_path / "report.json"
    damage(path)
    before = path.read_bytes()
    done = command(
        "verify", "mock", *FEW, "--history", path, "--report", f"json={saved}"
    )

    assert done.code == 2
    assert "PASSED: 1 check passed" in done.out
    assert json.loads(saved.read_text())["exit_code"] == 0
    warning, error = done.err.splitlines()
    assert warning.startswith("warning: the history ")
    assert error.startswith("error: the run is not stored: the history ")
    assert path.read_bytes() == before


def test_a_lock_that_is_held_costs_no_report(command, tmp_path, monkeypatch):
    path = tmp_path / "h.db"
    History.open(str(path)).close()
    monkeypatch.setattr(
        remembering, "opened", lambda place: History.open(place, patience=0.1)
    )
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        done = command("verify", "mock", *FEW, "--history", path)
    finally:
        holder.close()

    assert done.code == 2
    assert "PASSED: 1 check passed" in done.out
    assert done.err == (
        f"error: the run is not stored: the history {str(path)!r} is locked by another "
        "process; try again when it has ended.\n"
    )


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere/h.db", "existing folder"),
        ("mysql://u@h/d", "mysql:// address"),
        ("postgresql://u@h:x/d", "URL of a history is invalid"),
    ],
)
def test_a_malformed_place_stops_the_run_before_anything_is_sent(command, place, words):
    done = command("verify", "mock", *FEW, "--history", place)

    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_an_interrupt_while_the_run_is_stored_costs_no_report(
    command, tmp_path, monkeypatch
):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(History, "add", interrupted)
    done = command("verify", "mock", *FEW, "--history", tmp_path / "h.db")

    assert done.code == INTERRUPTED
    assert "PASSED: 1 check passed" in done.out
    assert "error: the run is not stored: interrupted." in done.err


def test_without_sqlalchemy_the_command_is_named(command, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    done = command("verify", "mock", *FEW, "--history", tmp_path / "h.db")

    assert (done.code, done.out) == (2, "")
    assert "python -m pip install -e '.[history]'" in done.err
