"""`--baseline` (`contract.cli.baselines`): what changed since an earlier run."""

from __future__ import annotations

import json
import os

import pytest

SELECT = ("--select", "streaming.ends-with-done", "--select", "usage.sums-up")
BROKEN = "mock:vllm?fault=done-missing"


@pytest.fixture
def earlier(command, tmp_path):
    """A report and a recording of the sound mock."""
    report, recording = tmp_path / "old.json", tmp_path / "recording"
    done = command("verify", "mock:vllm", *SELECT, "--report", f"json={report}",
                   "--save", recording)  # fmt: skip
    assert done.code == 0
    return {"report": report, "recording": recording}


@pytest.mark.parametrize("kind", ["report", "recording"])
def test_a_run_says_what_broke_since_a_report_or_a_recording(command, earlier, kind):
    done = command("verify", BROKEN, *SELECT, "--baseline", earlier[kind])

    assert done.code == 1
    assert "What changed since mock:vllm, vllm-0.32, " in done.out
    assert "WORSE      streaming.ends-with-done   MUST   pass → fail" in done.out
    assert "1 worse, " in done.out


def test_the_exit_code_is_that_of_the_run(command, earlier, tmp_path):
    bad = tmp_path / "bad.json"
    command("verify", BROKEN, *SELECT, "--report", f"json={bad}")
    fixed = command("verify", "mock:vllm", *SELECT, "--baseline", bad)
    same = command("verify", BROKEN, *SELECT, "--baseline", bad)

    assert fixed.code == 0
    assert "BETTER     streaming.ends-with-done   MUST   fail → pass" in fixed.out
    assert same.code == 1
    assert "WORSE" not in same.out
    assert command("replay", earlier["recording"], "--baseline", bad).code == 0


def test_the_report_may_replace_its_baseline(command, earlier):
    path = earlier["report"]
    done = command("verify", BROKEN, *SELECT, "--baseline", path,
                   "--report", f"json={path}")  # fmt: skip

    assert "1 worse" in done.out
    assert json.loads(path.read_text())["exit_code"] == 1


@pytest.mark.long
def test_several_targets_have_their_own_baseline(command, tmp_path):
    old = tmp_path / "old.json"
    targets = ("mock", "mock:vllm")
    command("verify", *targets, *SELECT, "--report", f"json={old}")
    done = command("verify", *targets, "mock:inline", *SELECT, "--baseline", old)

    assert done.out.count("What changed since") == 2
    assert "What changed since mock:inline" not in done.out


def test_a_replay_is_compared_too(command, earlier):
    done = command("replay", earlier["recording"], "--baseline", earlier["report"])

    assert done.code == 0
    assert "What changed since mock:vllm" in done.out


def test_a_page_and_a_summary_show_it(command, earlier, tmp_path):
    page, summary = tmp_path / "page.html", tmp_path / "summary.md"
    command("verify", BROKEN, *SELECT, "--baseline", earlier["report"],
            "--report", f"html={page}", "--report", f"markdown={summary}")  # fmt: skip

    assert "pass → fail" in page.read_text("utf-8")
    assert "**Broken**" in summary.read_text("utf-8")


def test_a_baseline_is_a_setting(command, earlier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pyproject.toml"
    path.write_text(
        f'[tool.magistral-contract]\nbaseline = "{earlier["report"]}"\n', "utf-8"
    )
    done = command("verify", "mock:vllm", *SELECT)

    assert "What changed since mock:vllm" in done.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "does not exist; name a report that", id="missing"),
        pytest.param("", "is empty; create it again", id="empty"),
        pytest.param("[", "is not JSON", id="not-json"),
        pytest.param("\ud800", "is not UTF-8", id="not-utf-8"),
        pytest.param("{}", "is not a report of magistral-contract", id="foreign"),
        pytest.param('{"format": "report-v2"}', "has the format", id="later-format"),
        pytest.param('{"format": "report-v1"}', "is damaged (at the top", id="cut"),
        pytest.param("[" * 100_000, "is nested too deeply", id="deep"),
    ],
)
def test_a_wrong_baseline_is_one_sentence_before_anything_is_sent(
    command, tmp_path, content, said
):
    path = tmp_path / "old.json"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
    done = command("verify", "http://127.0.0.1:9/v1", "--baseline", path)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_folder_without_a_recording_is_refused(command, tmp_path):
    done = command("verify", "mock", "--baseline", tmp_path)

    assert done.code == 2
    assert "holds no recording" in done.err


def test_a_baseline_of_other_targets_is_refused(command, tmp_path):
    old = tmp_path / "old.json"
    command("verify", "mock", "mock:vllm", *SELECT, "--report", f"json={old}")
    done = command("verify", "mock:inline", *SELECT, "--baseline", old)

    assert done.code == 2
    assert "has none of these targets: mock:inline; it has mock, mock:vllm" in done.err


def test_a_pipe_is_refused_at_once(command, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = command("verify", "mock", "--baseline", pipe)

    assert done.code == 2
    assert "is no file and no folder" in done.err


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        pytest.param("no", "is damaged (at targets/0/streams", id="text"),
        pytest.param(
            [{"request": "a"}], "is damaged (at targets/0/streams/0", id="cut"
        ),
        pytest.param([-1], "is damaged (at targets/0/streams/0/ttft", id="negative"),
        pytest.param([10**400], "a time is beyond all numbers", id="too-large"),
    ],
)
def test_damaged_times_are_one_sentence(command, earlier, streams, said):
    path = earlier["report"]
    report = json.loads(path.read_text())
    report["targets"][0]["streams"] = (
        [
            {"request": "a", "ttft": one, "ttfo": None, "tpot": None, "icl": None}
            if isinstance(one, int)
            else one
            for one in streams
        ]
        if isinstance(streams, list)
        else streams
    )
    path.write_text(json.dumps(report))
    done = command("verify", "mock:vllm", *SELECT, "--baseline", path)

    assert done.code == 2
    assert said in done.err
