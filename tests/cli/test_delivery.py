"""Output of a finished report."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from contract.cli.delivery import WORST_FIRST, deliver, worst
from contract.cli.outputs import Output, outputs
from contract.files import replacing
from contract.reporters.base import Reporter
from contract.run.report import Header, Report

HEADER = Header(
    target="mock",
    url="",
    profile="",
    why="",
    model="",
    version="0.1.0",
    started="",
    trouble="nothing listens \x1b[2J",
)
REPORT = Report(headers=(HEADER,), results=())
OTHER = replace(HEADER, target="other", trouble="unknown host")
TWO = Report(headers=(HEADER, OTHER), results=())


def test_a_report_on_standard_output_moves_the_text_to_standard_error(capsys):
    deliver(TWO, outputs(["json=-"]), quiet=False, verbose=False, color=None)
    out, err = capsys.readouterr()

    assert json.loads(out)["exit_code"] == 3
    assert "INCONCLUSIVE: 2 targets not fully judged" in err


@pytest.mark.parametrize("quiet", [True, False])
def test_an_explained_target_has_no_section(capsys, quiet):
    explained = frozenset({"mock"})
    deliver(REPORT, (), quiet=quiet, verbose=False, color=None, explained=explained)

    assert capsys.readouterr() == ("", "error: nothing listens \\x1b[2J\n")


def test_an_explained_target_is_in_the_files(capsys, tmp_path):
    path = tmp_path / "report.json"
    deliver(
        TWO,
        outputs([f"json={path}"]),
        quiet=False,
        verbose=False,
        color=None,
        explained=frozenset({"mock", "other"}),
    )
    out, err = capsys.readouterr()

    assert out == ""
    assert err.splitlines()[1] == "error: other: unknown host"
    assert len(json.loads(path.read_text())["targets"]) == 2


def test_an_error_names_its_target_among_several(capsys):
    deliver(TWO, (), quiet=True, verbose=False, color=None)

    assert "error: mock: nothing listens" in capsys.readouterr().err


def test_the_lines_of_a_log_are_kept(capsys):
    log = replace(HEADER, trouble="it exited:\n  no \x1b[1mmodel\n  bye")
    report = Report(headers=(log,), results=())
    explained = frozenset({"mock"})
    deliver(report, (), quiet=True, verbose=False, color=None, explained=explained)

    assert "error: it exited:\n  no \\x1b[1mmodel\n  bye\n" == capsys.readouterr().err


def removed(path, _monkeypatch):
    path.parent.rmdir()


def is_full(path, monkeypatch):
    def write(part, data):
        if part.name.startswith(f".{path.name}"):
            part.write_bytes(data[:9])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(part, data)

    original = replacing.write_synced
    monkeypatch.setattr(replacing, "write_synced", write)


def not_permitted(path, monkeypatch):
    def write(part, data):
        if part.name.startswith(f".{path.name}"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        original(part, data)

    original = replacing.write_synced
    monkeypatch.setattr(replacing, "write_synced", write)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        pytest.param(removed, "No such file or directory", id="folder-removed"),
        pytest.param(is_full, "No space left on device", id="disk-full"),
        pytest.param(not_permitted, "Permission denied", id="not-permitted"),
    ],
)
def test_a_report_that_cannot_be_written_costs_no_other(
    capsys, tmp_path, monkeypatch, happens, reason
):
    folder = tmp_path / "folder"
    folder.mkdir()
    bad, good = folder / "bad.json", tmp_path / "good.xml"
    written = outputs([f"json={bad}", f"junit={good}", "markdown=-"])
    happens(bad, monkeypatch)
    code = deliver(TWO, written, quiet=False, verbose=False, color=None)
    out, err = capsys.readouterr()

    assert code == 2
    assert "<testsuites" in good.read_text()
    assert out.startswith("**INCONCLUSIVE")
    assert "INCONCLUSIVE: 2 targets not fully judged" in err
    assert err.splitlines()[-1] == (
        f"error: The report '{bad}' cannot be written: {reason}. Name a file in an "
        "existing, writable folder."
    )
    assert not bad.exists()


def test_an_old_report_survives_a_full_disk(capsys, tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_text("old")
    written = outputs([f"json={path}"])
    is_full(path, monkeypatch)

    assert deliver(REPORT, written, quiet=True, verbose=False, color=None) == 2
    assert path.read_text() == "old"
    assert [path] == list(tmp_path.iterdir())
    assert "No space left" in capsys.readouterr().err


def test_an_interrupt_while_reports_are_written_costs_none(tmp_path, capsys):
    interrupts = iter([KeyboardInterrupt])

    def render(_report):
        for interrupt in interrupts:
            raise interrupt
        return "whole"

    slow = Output(Reporter("slow", ".txt", render), str(tmp_path / "slow.txt"))
    written = (*outputs([f"json={tmp_path / 'r.json'}", "junit=-"]), slow)

    with pytest.raises(KeyboardInterrupt):
        deliver(REPORT, written, quiet=True, verbose=False, color=None)

    assert (tmp_path / "slow.txt").read_text() == "whole"
    assert json.loads((tmp_path / "r.json").read_text())
    assert capsys.readouterr().out.count("<?xml") == 1


def test_a_broken_reporter_costs_no_other(capsys, tmp_path):
    broken = Reporter("csv", ".csv", lambda report: report.nothing)
    good = tmp_path / "good.json"
    written = (Output(broken, str(tmp_path / "bad.csv")), *outputs([f"json={good}"]))
    code = deliver(REPORT, written, quiet=True, verbose=False, color=None)

    assert code == 4
    assert good.exists()
    assert "error: reporter csv is broken: AttributeError: " in capsys.readouterr().err


def test_all_files_are_written(capsys, tmp_path):
    written = outputs([f"json={tmp_path / 'a'}", f"junit={tmp_path / 'b'}"])

    assert deliver(REPORT, written, quiet=True, verbose=False, color=None) == 0
    assert {"a", "b"} == {path.name for path in tmp_path.iterdir()}
    assert capsys.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_device_that_is_full_costs_nothing_else(command, tmp_path):
    done = command(
        *("verify", "mock", "--select", "models", "--report", "json=/dev/full"),
        *("--report", f"junit={tmp_path / 'good.xml'}"),
    )

    assert done.code == 2
    assert "\nPASSED: " in done.out
    assert done.err.startswith("error: The report '/dev/full' cannot be written: No sp")
    assert done.err.count("\n") == 1
    assert (tmp_path / "good.xml").exists()


def test_the_worst_exit_code_counts():
    assert worst(0, 3, 1) == 1
    assert worst(2, 1) == 2
    assert all(worst(code, 0) == code for code in WORST_FIRST)


@pytest.mark.parametrize("name", ["model\n::error::x", "mock\r\nHELD: 9 passed"])
def test_a_line_break_in_a_name_makes_no_line(capsys, name):
    forged = replace(HEADER, target=name, trouble="x")
    report = Report(headers=(forged, OTHER), results=())
    deliver(report, (), quiet=True, verbose=False, color=None)
    out, err = capsys.readouterr()

    assert not [
        line for line in (out + err).splitlines() if line.startswith(("::", "HE"))
    ]
