from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.cli.delivery import deliver
from contract.cli.outputs import outputs
from contract.run.report import (
    Header,
    Report,
)

HEADER = Header(
    target="mock",
    url="",
    profile="",
    why="",
    model="",
    version="0.1.0",
    started="",
    trouble="nobody answers \x1b[2J",
)
REPORT = Report(headers=(HEADER,), results=())
OTHER = replace(HEADER, target="other", trouble="who is that?")
TWO = Report(headers=(HEADER, OTHER), results=())


def test_a_report_on_standard_output_has_it_to_itself(capsys):
    deliver(TWO, outputs(["json=-"]), quiet=False, verbose=False, color=None)
    out, err = capsys.readouterr()

    assert json.loads(out)["exit_code"] == 3
    assert "UNKNOWN: 2 targets not judged to the end" in err


@pytest.mark.parametrize("quiet", [True, False])
def test_what_an_error_tells_whole_has_no_section(capsys, quiet):
    told = frozenset({"mock"})
    deliver(REPORT, (), quiet=quiet, verbose=False, color=None, told=told)

    assert capsys.readouterr() == ("", "error: nobody answers \\x1b[2J\n")


def test_what_an_error_tells_whole_is_in_the_files(capsys, tmp_path):
    path = tmp_path / "report.json"
    deliver(
        TWO,
        outputs([f"json={path}"]),
        quiet=False,
        verbose=False,
        color=None,
        told=frozenset({"mock", "other"}),
    )
    out, err = capsys.readouterr()

    assert out == ""
    assert err.splitlines()[1] == "error: other: who is that?"
    assert len(json.loads(path.read_text())["targets"]) == 2


def test_trouble_of_one_target_among_several_names_it(capsys):
    deliver(TWO, (), quiet=True, verbose=False, color=None)

    assert "error: mock: nobody answers" in capsys.readouterr().err


def test_the_lines_of_a_log_stay_lines(capsys):
    log = replace(HEADER, trouble="it ended:\n  no \x1b[1mmodel\n  bye")
    report = Report(headers=(log,), results=())
    deliver(report, (), quiet=True, verbose=False, color=None, told=frozenset({"mock"}))

    assert "error: it ended:\n  no \\x1b[1mmodel\n  bye\n" == capsys.readouterr().err
