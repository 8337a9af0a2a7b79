"""`history`: what was stored is listed, shown, drawn, exported and removed."""

from __future__ import annotations

import csv
import json

import pytest
from support.runs import ERROR, FAIL, MUST, OTHER, PASS, report

from contract.history import database
from contract.history.store import History


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
    monkeypatch.delenv("MAGISTRAL_CONTRACT_HISTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    history = History.open("h.db")
    for day, outcome in enumerate((PASS, FAIL, ERROR), 1):
        one = report((MUST, outcome), (OTHER, PASS), started=f"2026-01-0{day}T10:00:00")
        history.add(one, kind="verify")
    history.add(
        report((MUST, PASS), target="=2+2", started="2026-02-01T00"), kind="fuzz"
    )
    history.close()
    return "h.db"


def test_runs_are_listed_the_newest_first(command, place):
    done = command("history", "list", "--history", place)
    lines = done.out.splitlines()

    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in lines] == ["run", "4", "3", "2", "1"]
    assert lines[3].split()[1:] == [
        *("2026-01-02", "10:00", "UTC", "FAILED", "1", "1", "one", "vllm-0.32")
    ]
    assert (
        len(
            command("history", "list", "--history", place, "--last", 2).out.splitlines()
        )
        == 3
    )


def test_the_place_may_be_in_the_environment_or_in_the_settings(
    command, place, monkeypatch, tmp_path
):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.magistral-contract]\nhistory="h.db"'
    )
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    assert command("history", "list").code == 0
    (tmp_path / "pyproject.toml").unlink()
    monkeypatch.setenv("MAGISTRAL_CONTRACT_HISTORY", str(tmp_path / place))
    assert command("history", "list").code == 0


def test_a_run_is_shown_as_it_was_reported(command, place, tmp_path):
    saved = tmp_path / "report.json"
    done = command(
        "history", "show", 2, "--history", place, "--report", f"json={saved}"
    )

    assert done.code == 0
    assert "FAIL   usage.sums-up   MUST   one" in done.out
    assert "What changed since one, vllm-0.32, m, 2026-01-01T10:00:00+00:00" in done.out
    (changes,) = json.loads(saved.read_text())["changes"]
    assert changes["changes"]["worse"][0]["check"] == MUST.id


def test_a_trend_has_a_letter_for_each_run(command, place):
    done = command("history", "trend", "--history", place, "--target", "one")

    assert done.code == 0
    assert (
        "one   3 runs, 1 to 3, 2026-01-01 10:00 UTC to 2026-01-03 10:00 UTC" in done.out
    )
    assert f"{MUST.id}  .FE" in done.out
    assert "verdict        .FE" in done.out
    assert OTHER.id not in done.out
    shown = command("history", "trend", "--history", place, "--check", "reasoning")
    assert f"{OTHER.id}  ..." in shown.out


def test_csv_has_a_row_for_each_run_and_no_formula(command, place):
    done = command("history", "export", "--history", place)
    rows = list(csv.DictReader(done.out.splitlines()))

    assert [row["id"] for row in rows] == ["4", "3", "2", "1"]
    assert rows[0]["target"] == "'=2+2"
    assert (rows[2]["verdict"], rows[2]["broken"], rows[2]["failed"]) == (
        "FAILED",
        "1",
        "1",
    )
    assert "ttft_p95" in rows[0]


def test_json_has_a_report_on_each_line(command, place):
    done = command("history", "export", "json", "--history", place, "--target", "one")
    found = [json.loads(line) for line in done.out.splitlines()]

    assert [one["run"] for one in found] == [3, 2, 1]
    assert {one["format"] for one in found} == {"report-v1"}


def test_a_page_is_written(command, place, tmp_path):
    done = command("history", "html", "page.html", "--history", place)

    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert "<!doctype html>" in command("history", "html", "-", "--history", place).out


@pytest.mark.parametrize(
    ("options", "removed"),
    [
        pytest.param(["--keep", "1"], "2 runs removed.", id="keep"),
        pytest.param(["--older-than", "1s"], "4 runs removed.", id="age"),
        pytest.param(
            ["--older-than", "1s", "--keep", "2"], "1 run removed.", id="both"
        ),
        pytest.param(["--older-than", "500w"], "0 runs removed.", id="none"),
    ],
)
def test_runs_are_removed(command, place, options, removed):
    done = command("history", "prune", "--history", place, *options)

    assert (done.code, done.out.strip()) == (0, removed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list"], "No history is named; add --history FILE"),
        (["list", "--history", "other.db"], "does not exist"),
        (["list", "--history", "."], "not in an existing folder"),
        (["list", "--history", "h.db", "--last", "0"], "--last"),
        (["list", "--history", "h.db", "--target", "on"], "Did you mean 'one'"),
        (["show", "9", "--history", "h.db"], "has no run 9"),
        (["show", "0", "--history", "h.db"], "RUN"),
        (["show", "two", "--history", "h.db"], "RUN"),
        (["trend", "--history", "h.db", "--last", "2000"], "--last"),
        (["trend", "--history", "h.db", "--target", "on"], "Did you mean 'one'"),
        (["html", "nowhere/page.html", "--history", "h.db"], "cannot be written"),
        (["prune", "--history", "h.db"], "Say what to remove"),
        (["prune", "--history", "h.db", "--keep", "0"], "--keep"),
        (["prune", "--history", "h.db", "--older-than", "yesterday"], "90d, not 'yest"),
        (["prune", "--history", "h.db", "--older-than", "-1d"], "90d, not '-1d'"),
        (["prune", "--history", "other.db", "--keep", "1"], "does not exist"),
        (["export", "xml", "--history", "h.db"], "xml"),
        (["export", "--history", "http://h/d"], "http:// address"),
    ],
)
@pytest.mark.usefixtures("place")
def test_bad_input_is_a_sentence(command, arguments, words):
    done = command("history", *arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert words in done.err
    assert len(done.err.splitlines()) == 1


def test_an_empty_history_is_a_sentence(command, place):
    command("history", "prune", "--history", place, "--older-than", "1s")
    for verb in (["list"], ["trend"], ["html", "-"]):
        done = command("history", *verb, "--history", place)

        assert (done.code, done.err) == (2, "error: the history 'h.db' has no runs.\n")
