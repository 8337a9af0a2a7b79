"""The program `contract.verdicts.external`: a report or a target, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.verdicts.external import REPORT, TARGET, main, verdicts

SAVED = Path(__file__).resolve().parents[2] / "fixtures" / "clients" / "report.json"


def test_the_verdicts_of_a_report_are_printed(monkeypatch, capsys):
    monkeypatch.setenv(REPORT, str(SAVED))
    monkeypatch.delenv(TARGET, raising=False)

    main(["reasoning", "usage.*"])

    out = capsys.readouterr().out
    found = json.loads(out)
    assert out.count("\n") == 1
    assert found["error"] == ""
    assert [(v["check"], v["outcome"]) for v in found["verdicts"]] == [
        ("usage.sums-up", "pass"),
        ("reasoning.present", "fail"),
    ]
    assert "start it with --reasoning-parser mistral" in found["verdicts"][1]["message"]


def test_a_target_is_verified():
    found = verdicts(["reasoning.present"], {TARGET: "mock:vllm?fault=field-renamed"})

    (verdict,) = found["verdicts"]
    assert (verdict["outcome"], verdict["violates"]) == ("fail", True)


@pytest.mark.parametrize(
    ("names", "environ", "says"),
    [
        pytest.param([], {}, f"Set {TARGET} to a target", id="nothing"),
        pytest.param([], {TARGET: "mock", REPORT: "r"}, f"Set {TARGET}", id="both"),
        pytest.param([], {TARGET: "moc"}, "moc", id="target"),
        pytest.param(["no.such"], {TARGET: "mock"}, "no.such", id="check"),
        pytest.param(["no.such"], {REPORT: str(SAVED)}, "no.such", id="not-reported"),
        pytest.param([], {REPORT: "absent.json"}, "cannot be read", id="report"),
        pytest.param([], {TARGET: "http://127.0.0.1:9"}, "127.0.0.1:9", id="down"),
    ],
)
def test_a_mistake_is_one_sentence(names, environ, says):
    found = verdicts(names, environ)

    assert says in found["error"]
    assert "\n" not in found["error"]
    assert found["verdicts"] == []
