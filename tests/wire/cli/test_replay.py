"""`magistral-contract replay` on recordings of the mock."""

from __future__ import annotations

import json
import re
import shlex

from support.hostile import HOSTILE, obeyed

from contract.plugins.discovery import find
from contract.reporters.base import Reporter
from contract.run.report import Outcome

FEW = ("--select", "streaming", "--select", "usage")


def test_saved_exchanges_have_the_same_results_without_the_server(command, tmp_path):
    saved = tmp_path / "saved"
    live = command("verify", "mock?fault=done-missing", *FEW, "--save", saved)
    done = command("replay", saved, *FEW)

    assert live.code == done.code == 1
    assert live.out.splitlines()[-1] == done.out.splitlines()[-1]
    assert "again       magistral-contract replay" in done.out


def test_the_command_that_judges_again_keeps_every_option(command, tmp_path):
    chosen = ("--select", "latency.ttft", "--budget", "ttft=0.001ms", "--strict")
    command("verify", "mock", "--select", "latency.ttft", "--budget", "ttft=9s",
            "--save", tmp_path)  # fmt: skip
    done = command("replay", tmp_path, *chosen)
    again = re.search(r"again +magistral-contract (.*)", done.out)[1]

    assert (done.code, command(*shlex.split(again)).code) == (1, 1)
    assert "--strict --budget ttft=1e-06s" in again


def test_a_check_that_was_not_recorded_is_skipped(command, tmp_path):
    command("verify", "mock", "--select", "usage.sums-up", "--save", tmp_path)
    path = tmp_path / "report.json"
    done = command("replay", tmp_path, "--report", f"json={path}")
    outcomes = {
        result["check"]: result["outcome"]
        for result in json.loads(path.read_text())["results"]
    }

    assert done.code == 0
    assert outcomes["usage.sums-up"] == Outcome.PASS
    assert outcomes["rejections.unknown-model"] == Outcome.SKIP


def test_several_targets_are_saved_side_by_side(command, tmp_path):
    targets = ("mock", "mock:vllm")
    command("verify", *targets, "--select", "usage.sums-up", "--save", tmp_path)
    done = command("replay", tmp_path, "--select", "usage.sums-up", "-q")

    assert {path.name for path in tmp_path.iterdir()} == {"mock", "mock-vllm"}
    assert done.code == 0
    assert "mock:vllm PASSED: 1 check passed." in done.out


def test_replaying_an_empty_folder_is_a_usage_error(command, tmp_path):
    done = command("replay", tmp_path)

    assert done.code == 2
    assert "holds no recording" in done.err


def test_a_server_with_other_token_counts_is_calibrated(command, tmp_path):
    saved = str(tmp_path / "saved")
    chosen = ("--select", "context.serves-1k", "--select", "context.refuses-one*")
    done = command("verify", "mock:llamacpp?window=4096", *chosen, "--save", saved)
    again = command("replay", saved, *chosen)

    for run in (done, again):
        assert run.code == 0
        assert "PASSED: 2 checks passed." in run.out
        assert run.out.count("are counted by calibration: 500 words cost 500") == 1


def test_saved_exchanges_can_be_judged_by_another_budget(command, tmp_path):
    saved = str(tmp_path / "saved")
    chosen = ("--select", "latency.ttft")
    command(
        "verify", "mock?ttft=80ms", *chosen, "--budget", "ttft=30s", "--save", saved
    )
    passed = command("replay", saved, *chosen, "--budget", "ttft=30s")
    failed = command("replay", saved, *chosen, "--budget", "ttft=50ms", "--strict")

    assert (passed.code, failed.code) == (0, 1)
    assert "is over budget" in failed.out
    assert failed.out.count("this machine's own share") == 1


def test_a_hostile_recording_writes_no_line_and_no_command(command, tmp_path):
    """As it may come with a bug report: in its header, names, headers and bodies."""
    saved, text = tmp_path / "saved", HOSTILE
    command("verify", "mock", "--select", "usage.sums-up", "--save", saved)
    path = saved / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, value in manifest["header"].items():
        if isinstance(value, str) and name != "profile":
            manifest["header"][name] = text
    manifest["header"] |= {"notes": [text], "trouble": text}
    path.write_text(json.dumps(manifest))
    for file in set(saved.glob("*.json")) - {path}:
        exchange = json.loads(file.read_text())
        exchange["name"] = exchange["response"]["note"] = text
        body = json.dumps({"error": {"message": text, "type": text}})
        exchange["response"] |= {
            "status": 400,
            "headers": [["content-type", text], ["x-a", text]],
            "arrivals": [[0.1, body]],
        }
        file.write_text(json.dumps(exchange))

    few = ("--select", "usage", "--select", "models", "--select", "schema.model-card")
    done = [
        (
            command("replay", saved, *few, "--report", f"{one.id}=-", "--verbose"),
            one.commands,
        )
        for one in find("reporters", Reporter).values()
    ]
    done += [
        (command("replay", saved, *few, "-q"), ()),
        (command("compare", saved, saved, *few), ()),
        (command("compare", saved, saved, *few, "--report", "markdown=-"), ()),
        (command("compare", saved, saved, *few, "--report", "json=-"), ()),
    ]

    for one, commands in done:
        assert obeyed(one.out, commands) == []
        assert obeyed(one.err) == []
        assert one.code in {1, 2, 3}
