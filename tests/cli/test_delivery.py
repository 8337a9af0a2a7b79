from __future__ import annotations

import json

from contract.cli.delivery import deliver
from contract.cli.outputs import outputs
from contract.report import Header, Report

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


def test_a_report_on_standard_output_has_it_to_itself(capsys):
    deliver(REPORT, outputs(["json=-"]), quiet=False, verbose=False, color=None)
    out, err = capsys.readouterr()

    assert json.loads(out)["exit_code"] == 3
    assert "UNKNOWN: 1 target not judged to the end" in err


def test_trouble_is_an_error_of_one_inert_line(capsys):
    deliver(REPORT, (), quiet=True, verbose=False, color=None)

    assert capsys.readouterr().err == "error: nobody answers \\x1b[2J\n"


def test_trouble_of_one_target_among_several_names_it(capsys):
    two = Report(headers=(HEADER, HEADER), results=())
    deliver(two, (), quiet=True, verbose=False, color=None)

    assert "error: mock: nobody answers" in capsys.readouterr().err
