"""Output of a finished report."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.cli.delivery import deliver
from contract.cli.outputs import outputs
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
