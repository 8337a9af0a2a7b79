"""A run of Schemathesis ends in time, and what it has found is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from contract.fuzzing import running

URI = "http://127.0.0.1:8000/v1/chat/completions"
FAILURE = {"title": "Server error", "message": "it failed"}
REQUEST = {"method": "POST", "uri": URI, "headers": {}, "body": None}
SCENARIO = {
    "ScenarioFinished": {
        "recorder": {
            "label": "POST /v1/chat/completions",
            "interactions": {
                "a": {"request": REQUEST, "response": {"status_code": 500}}
            },
            "checks": {
                "a": [
                    {
                        "name": "not_a_server_error",
                        "status": "failure",
                        "failure_info": {"failure": FAILURE},
                    }
                ]
            },
        }
    }
}


def finished(tmp_path, code, max_time=20.0):
    return running._finished(  # noqa: SLF001  # what `fuzz` waits for
        [sys.executable, "-c", code], os.environ, tmp_path / "log", max_time
    )


def test_a_program_that_ends_is_not_cut_off(tmp_path):
    assert finished(tmp_path, "print('hi'); exit(3)") == (3, "")
    assert (tmp_path / "log").read_text().split() == ["hi"]


def test_a_program_that_does_not_end_is_stopped(tmp_path):
    code, cut_off = finished(tmp_path, "import time; time.sleep(60)", 0.2)

    assert code != 0
    assert cut_off == "it was stopped after 0.2 s (--max-time)"


def test_an_interruption_stops_the_program(tmp_path, monkeypatch):
    wait, interrupted = subprocess.Popen.wait, []

    def interrupt(child, timeout=None):
        if not interrupted:
            interrupted.append(child)
            raise KeyboardInterrupt
        return wait(child, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupt)

    assert finished(tmp_path, "import time; time.sleep(60)")[1] == running.INTERRUPTED
    assert interrupted[0].poll() is not None


def test_an_interrupted_run_reports_what_it_found(command, monkeypatch):
    def written(_command, _variables, log, _max_time):
        lines = [json.dumps(SCENARIO), json.dumps(SCENARIO)[:40]]
        (log.parent / "events.ndjson").write_text("\n".join(lines))
        return -9, running.INTERRUPTED

    monkeypatch.setattr(running, "_finished", written)
    done = command("fuzz", "mock:vllm")

    assert done.code == 130
    assert "FAIL   fuzz.not-a-server-error" in done.out
    assert "reason      interrupted" in done.out
    assert done.err == "error: interrupted\n"


def test_a_run_without_a_request_says_why(command, monkeypatch):
    def nothing(_command, _variables, log, _max_time):
        log.write_text("no such schema")
        return 2, ""

    monkeypatch.setattr(running, "_finished", nothing)
    done = command("fuzz", "mock:vllm")

    assert (done.code, done.out) == (3, "")
    assert "sent no request (exit code 2): no such schema" in done.err
