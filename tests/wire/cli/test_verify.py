"""`verify`, by way of `contract.cli.verifying`, against the mock on a loopback port."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading

import junitparser
import pytest

from contract.client.session import Session

FEW = ("--select", "streaming", "--select", "usage")


def test_the_mock_passes(command):
    done = command("verify", "--select", "streaming")

    assert (done.code, done.err) == (0, "")
    assert "\nPASSED: " in done.out
    assert "profile          mistral-2025-10 (declared by the target)" in done.out


def test_a_fault_fails_the_run_with_the_command_that_repeats_it(command):
    done = command("verify", "mock?fault=done-missing", *FEW)
    again = re.search(r"again +magistral-contract (verify .*)", done.out)

    assert done.code == 1
    assert "FAIL   streaming.ends-with-done   MUST" in done.out
    assert "\nFAILED: 1 MUST failed, " in done.out
    assert again
    assert "'mock?fault=done-missing' --select streaming.ends-with-done" in again[1]


def test_the_cost_of_long_prompts_is_announced_before_they_are_sent(
    command, monkeypatch
):
    monkeypatch.setattr("contract.cli.verifying.MUCH", 1_000)
    one = ("verify", "mock", "--select", "context.serves-1k", "--thorough")
    done = command(*one, "--slow")
    quiet = command(*one, "--slow", "--quiet")

    assert done.err == (
        "mock: 1 of 1 requests have prompts of a given length, 1,000 tokens in all.\n"
    )
    assert quiet.err == command(*one).err == ""


def test_several_targets_have_a_section_each_and_a_table(command):
    done = command("verify", "mock", "mock:vllm?fault=done-missing", "mock", *FEW)
    lines = done.out.splitlines()

    assert done.code == 1
    assert sum(line.startswith("PASSED: ") for line in lines) == 1
    assert sum(line.startswith("FAILED: ") for line in lines) == 2
    assert any(re.match(r"mock +PASSED +\d", line) for line in lines)


def test_quiet_is_one_line(command):
    done = command("verify", "mock", "--quiet", "--select", "usage.sums-up")

    assert (done.code, done.out) == (0, "mock PASSED: 1 check passed.\n")


def test_all_reports_are_written(command, tmp_path):
    paths = {kind: tmp_path / f"report.{kind}" for kind in ("json", "junit", "console")}
    options = [word for kind in paths for word in ("--report", f"{kind}={paths[kind]}")]
    done = command("verify", "mock", *FEW, *options)
    report = json.loads(paths["json"].read_text())
    suites = junitparser.JUnitXml.fromfile(str(paths["junit"]))

    assert done.code == report["exit_code"] == suites.failures == 0
    assert len(report["results"]) == suites.tests
    assert report["targets"][0]["requests"] > 1
    assert done.out.splitlines()[-1] in paths["console"].read_text()


def test_json_on_standard_output_is_json_alone(command):
    done = command("verify", "mock", *FEW, "--report", "json=-")

    assert json.loads(done.out)["exit_code"] == 0
    assert "PASSED: " in done.err


def test_an_unwritable_report_is_rejected_before_anything_is_sent(command, tmp_path):
    done = command("verify", "http://127.0.0.1:1/v1", "--report", f"json={tmp_path}")

    assert done.code == 2
    assert "cannot be written" in done.err
    assert "127.0.0.1" not in done.err


def test_an_unreachable_target_is_a_sentence_and_is_reported(command, tmp_path):
    path = tmp_path / "report.json"
    done = command("verify", "http://127.0.0.1:1/v1", "--report", f"json={path}")
    report = json.loads(path.read_text())

    assert done.code == report["exit_code"] == 3
    assert done.out == ""
    assert done.err.startswith("error: http://127.0.0.1:1 cannot be reached")
    assert done.err.count("\n") == 1
    assert "cannot be reached" in report["targets"][0]["trouble"]


def test_a_redirected_chat_is_one_failure_and_no_check_is_judged(
    command, served, tmp_path
):
    def script(c):
        if c.line.startswith("GET"):
            c.answer({"object": "list", "data": [{"id": "m", "owned_by": "vllm"}]})
        else:
            where = (("Location", "https://eu.example/v1/chat/completions"),)
            c.answer({}, status=307, headers=where)

    path = tmp_path / "report.json"
    done = command("verify", served(script).url, "--report", f"json={path}")
    report = json.loads(path.read_text())

    assert done.code == report["exit_code"] == 1
    assert done.out == ""
    assert done.err == (
        "error: POST /v1/chat/completions is redirected (307) to "
        "https://eu.example/v1/chat/completions; give that URL: "
        "magistral-contract verify https://eu.example/v1\n"
    )
    assert report["targets"][0]["failed"]
    assert report["results"] == []


def test_an_unreachable_target_does_not_hide_the_others(command):
    done = command("verify", "http://127.0.0.1:1/v1", "mock", "-q", *FEW)

    assert done.code == 3
    assert "mock PASSED: " in done.out


def test_a_failure_outweighs_an_unreachable_target(command):
    done = command(
        "verify", "http://127.0.0.1:1", "mock?fault=done-missing", "-q", *FEW
    )

    assert done.code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["mok"], "Did you mean 'mock'", id="target"),
        pytest.param(["mock?tft=1s"], "no option 'tft'", id="target-option"),
        pytest.param(["localhost:1"], "did you mean 'http://localhost:1'?", id="bare"),
        pytest.param(["mock", "mok"], "Unknown target 'mok'", id="second-target"),
        pytest.param(["--select", "sums"], "No check matches 'sums'", id="check"),
        pytest.param(["--report", "jsn=x"], "Unknown report 'jsn'", id="report"),
        pytest.param(["--timeout", "soon"], "--timeout must be a duration", id="time"),
        pytest.param(
            ["--retry-budget", "-1"],
            "--retry-budget must be a duration",
            id="retry-budget",
        ),
        pytest.param(
            ["--timeout", "0"], "--timeout must be longer than 0", id="no-time"
        ),
        pytest.param(["--api-key-env", "NO_SUCH"], "NO_SUCH is not set", id="key"),
        pytest.param(["--profiles", "/nowhere.toml"], "/nowhere.toml", id="profiles"),
        pytest.param(
            ["http://127.0.0.1:1", "--profile", "vlm"], "Unknown profile", id="profile"
        ),
    ],
)
def test_a_mistake_is_a_sentence(command, arguments, words):
    target = [] if arguments[0].startswith(("mo", "http")) else ["http://127.0.0.1:1"]
    done = command("verify", *target, *arguments)

    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert words in done.err


def test_a_key_variable_that_is_not_set_is_a_mistake_for_any_target(command):
    done = command("verify", "mock", "mock:vllm", "--api-key-env", "NO_SUCH")

    assert done.code == 2
    assert done.out == ""
    assert done.err == "error: The variable NO_SUCH is not set; export it first.\n"


def test_a_used_up_allowance_is_inconclusive(command):
    done = command("verify", "mock", *FEW, "--max-requests", "2")

    assert done.code == 3
    assert "\nINCONCLUSIVE: " in done.out
    assert "raise it with --max-requests" in done.out


@pytest.mark.long
def test_a_failed_should_is_a_warning_unless_strict(command):
    arguments = ("verify", "mock?fault=says-bad-request", "-q")
    lax, strict = command(*arguments), command(*arguments, "--strict")

    assert (lax.code, strict.code) == (0, 1)
    assert re.search(r" PASSED with \d warnings?: \d SHOULD failed, ", lax.out)
    assert re.search(r" FAILED: \d SHOULD failed, ", strict.out)


def test_a_folder_with_other_files_is_rejected_before_anything_is_sent(
    command, tmp_path
):
    (tmp_path / "thesis.tex").write_text("years")
    done = command("verify", "http://127.0.0.1:1/v1", "--save", tmp_path)

    assert done.code == 2
    assert "name an empty folder" in done.err


def test_a_recording_of_one_target_is_not_mixed_with_several(command, tmp_path):
    few = ("--select", "usage.sums-up", "--save", tmp_path)
    command("verify", "mock", *few)
    done = command("verify", "mock", "mock:vllm", *few)

    assert done.code == 2
    assert "holds the recording of one target" in done.err


def test_an_interrupted_run_reports_its_results(command, monkeypatch, tmp_path):
    def interrupted(session, probes):
        for probe in list(probes)[:5]:
            session.send(probe)
        session.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "prefetch", interrupted)
    path = tmp_path / "report.json"
    options = ("--report", f"json={path}", "--save", tmp_path / "saved")
    done = command("verify", "mock", "mock:vllm", *FEW, *options)
    report = json.loads(path.read_text())

    assert done.code == 130
    assert done.err == "error: interrupted\nerror: not verified: mock:vllm\n"
    assert [target["trouble"] for target in report["targets"]] == ["interrupted"]
    assert report["counts"]["pass"] > 0
    assert report["counts"]["error"] == 0
    assert (tmp_path / "saved" / "mock" / "manifest.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows interrupts in another way")
def test_ctrl_c_ends_the_program_at_once(tmp_path):
    path = tmp_path / "report.json"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"http://127.0.0.1:{silent.getsockname()[1]}"
        arguments = ("verify", target, "--report", f"json={path}")
        running = subprocess.Popen(  # noqa: S603  # the interpreter of this test
            [sys.executable, "-m", "contract", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = silent.accept()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
        connection.close()

    assert running.returncode == 130
    assert "\nINCONCLUSIVE: 1 target not fully judged, 0 checks passed." in f"\n{out}"
    assert err == "error: interrupted\n"
    assert json.loads(path.read_text())["targets"][0]["trouble"] == "interrupted"


def test_budgets_are_judged_and_figures_are_reported(command, tmp_path):
    path = tmp_path / "report.json"
    budgets = ("--budget", "ttft=30s", "--budget", "tokens_per_second=0.1")
    chosen = ("--select", "latency.ttft", "--select", "latency.output-rate")
    done = command("verify", "mock", *chosen, *budgets, "--report", f"json={path}")
    report = json.loads(path.read_text("utf-8"))
    figures = {r["check"]: r["figures"] for r in report["results"]}
    (header,) = report["targets"]

    assert done.code == 0
    assert "PASSED: 2 checks passed." in done.out
    assert re.search(r"^ttft +(\d\S* m?s +){4}·", done.out, re.MULTILINE)
    assert set(figures["latency.ttft"]) == {
        *("ttft_p50", "ttft_p95", "ttft_p99", "ttft_max"),
    }
    assert any("this machine's own share" in note for note in header["notes"])


def test_an_exceeded_budget_is_a_failure_with_its_command(command):
    budget = ("--select", "latency.ttft", "--budget", "ttft=50ms")
    done = command("verify", "mock?ttft=80ms", *budget, "--strict")

    assert done.code == 1
    assert "the 95th percentile of TTFT is over budget" in done.out
    assert (
        "'mock?ttft=80ms' --strict --budget ttft=0.05s --select latency.ttft"
        in done.out
    )


def test_without_budgets_no_latency_is_measured(command):
    done = command("verify", "mock", "--select", "latency.ttft")

    assert "mistral-2025-10 sets no budget for it; add --budget NAME=TIME" in done.out
    assert "this machine's own share" not in done.out


def test_a_given_context_window_is_the_tested_one(command):
    window = ("--select", "context.refuses-*", "--context-window", "8192")
    passed = command("verify", "mock?window=8192", *window)
    wider = command("verify", "mock?window=9000", *window)

    assert passed.code == 0
    assert wider.code == 1
    assert "prompt_tokens 8192" in wider.out
    assert "--context-window 8192 --select context.refuses-a-full-window" in wider.out


def test_an_offered_capability_is_checked_and_repeated(command):
    chosen = ("--select", "context.recalls-every-place")
    plain = command("verify", "mock:vllm", *chosen)
    passed = command("verify", "mock:vllm", *chosen, "--offer", "follows-instructions")
    target = "mock:vllm?fault=attends-to-the-ends"
    failed = command("verify", target, *chosen, "--offer", "follows-instructions")

    assert "vllm-0.32 does not offer follows-instructions" in plain.out
    assert "PASSED: 1 check passed." in passed.out
    assert failed.code == 1
    assert "a word stated at the middle of a long text" in failed.out
    assert "--offer follows-instructions --select context.recalls" in failed.out


def test_an_unknown_capability_is_a_usage_error(command):
    done = command("verify", "mock", "--offer", "follow-instructions")

    assert done.code == 2
    assert "Did you mean 'follows-instructions'?" in done.err


@pytest.mark.long
def test_a_server_that_stops_answering_is_not_awaited_for_every_check(command, served):
    card = {"id": "m", "object": "model", "created": 1, "owned_by": "vllm"}
    delta = {"role": "assistant", "content": "Hello."}
    choice = {"index": 0, "delta": delta, "finish_reason": "stop"}
    event = {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}

    def script(c):
        if c.line.startswith("GET "):
            c.answer({"object": "list", "data": [card]})
        elif chats.acquire(blocking=False):
            body = f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode()
            c.answer(body=body, headers=(("Content-Type", "text/event-stream"),))
        else:
            c.wait()

    chats = threading.Semaphore(6)
    server = served(script)
    waits = ("--timeout", "2s", "--first-byte-timeout", "2s")
    done = command(
        *("verify", f"{server.url}/v1", "--profile", "vllm"),
        *("--concurrency", "2", "--select", "streaming", "--select", "tools", *waits),
    )

    assert done.code in {1, 3}
    assert "the server stopped answering (" in done.out
    assert "see its log" in done.out
    posts = [one for one in server.requests if one.startswith(b"POST ")]
    assert len(posts) <= 6 + 2 + 2  # in flight, and one liveness check each


def test_a_bound_on_the_time_leaves_out_what_finds_least(command):
    done = command("verify", "mock:vllm?ttft=150ms", "--within", "1500ms")

    assert done.code == 0
    assert "bounded by --within: " in done.out.splitlines()[-1]
    assert re.search(r"SKIP +\d+ . not asked: --within leaves no time", done.out)


def test_a_fault_that_is_found_in_time_fails_the_run(command):
    target = "mock:vllm?ttft=100ms&fault=done-missing"
    done = command("verify", target, "--within", "1500ms")

    assert done.code == 1
    assert "FAIL   streaming.ends-with-done" in done.out
    assert "--within" not in re.search(r"again +(magistral.*)", done.out)[1]


def test_a_bound_that_leaves_no_time_judges_the_opening_alone(command):
    done = command("verify", "mock:vllm?ttft=100ms", "--within", "50ms")

    assert done.code == 0
    assert re.search(r"requests +2 in ", done.out)
    assert re.search(r"bounded by --within: [23]\d\d checks not asked", done.out)


def test_a_bound_that_is_none_is_a_mistake(command):
    for text in ("0s", "-1s", "soon"):
        done = command("verify", "mock", "--within", text)

        assert (done.code, done.out) == (2, "")
        assert "--within" in done.err
