"""The verb `import` (`contract.cli.importing`): exit codes, outputs and `--strict`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.cli import run

CLIENTS = Path(__file__).resolve().parents[2] / "fixtures" / "clients"


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        pytest.param("newman-6.2.2.json", 1, "1 MUST failed", id="newman"),
        pytest.param("apidog-cli-2.2.9.xml", 1, "1 waived, 1 skipped", id="junit"),
        pytest.param(
            "apidog-cli-2.2.9-unreachable.json", 3, "INCONCLUSIVE", id="unreachable"
        ),
    ],
)
def test_the_exit_code_is_that_of_verify(name, code, says, capsys):
    assert run(["import", str(CLIENTS / name), "--quiet"]) == code
    assert says in capsys.readouterr().out


def test_a_report_is_written_and_imported_again(tmp_path, capsys):
    first, second = tmp_path / "first.json", tmp_path / "second.json"

    run(["import", str(CLIENTS / "newman-6.2.2.json"), f"--report=json={first}"])
    code = run(["import", str(first), "--strict", f"--report=json={second}"])

    one, two = (json.loads(path.read_text("utf-8")) for path in (first, second))
    assert code == 1
    assert (one["strict"], two["strict"]) == (False, True)
    assert [r["outcome"] for r in one["results"]] == [
        r["outcome"] for r in two["results"]
    ]
    assert "newman: verdicts" in capsys.readouterr().out


def test_a_foreign_file_is_a_usage_error(tmp_path, capsys):
    path = tmp_path / "other.json"
    path.write_text("{}")

    assert run(["import", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path} is no report of newman")
