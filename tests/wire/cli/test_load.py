"""`load` from its command line to its files, over sockets: `contract.cli.loading`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest

from contract.client.credentials import KEYS
from contract.mock_server.app import serving
from contract.targets.mock import build

SECRET = "sk-load-secret-0123456789"
PATIENT = ("--max-lag", "60s")
START = 60.0  # seconds for a program to start on a busy machine


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def run_load(*options, **changes):
    """`magistral-contract load` as a program of its own."""
    return subprocess.Popen(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-m", "contract", "load", *map(str, options)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100", **changes},
    )


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.long
def test_a_failing_run_leaves_reports_and_a_recording(command, tmp_path, monkeypatch):
    monkeypatch.setenv("TENANT", "tenant-secret-77")
    monkeypatch.setenv("MISTRAL_API_KEY", SECRET)
    target = f"mock:vllm?fault=closing-marker-shown&every=3&key={SECRET}"
    written = ("json=a.json", "html=a.html", "csv=a.csv", "markdown=a.md")
    done = command(
        *("load", target, "--users", "2", "--max-requests", "16", *PATIENT),
        *("--header-env", "X-Tenant=TENANT", "--budget", "e2e=60s"),
        *("--locust-csv", "l", "--locust-html", "l.html"),
        *(word for one in written for word in ("--report", one)),
    )
    report = json.loads((tmp_path / "a.json").read_text())

    assert done.code == 1, done.out + done.err
    assert "reasoning.no-marker-in-answer" in done.out
    assert report["exit_code"] == 1
    assert report["steps"][0]["requests"]["sent"] == 16
    assert report["saved"] == "magistral-load"
    assert (tmp_path / "l_stats.csv").read_text().count("Aggregated,16,") == 1
    failed = next(
        r for r in report["results"] if r["check"] == "reasoning.no-marker-in-answer"
    )
    assert failed["again"].startswith("magistral-contract replay magistral-load")
    assert failed["curl"].startswith("curl ")

    again = command("replay", "magistral-load", "--select", failed["check"])
    assert again.code == 1
    assert "reasoning.no-marker-in-answer" in again.out

    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert SECRET.encode() not in content, path
            assert b"tenant-secret" not in content, path
    assert SECRET not in done.out + done.err


@pytest.mark.load
def test_ctrl_c_reports_what_was_measured():
    target = "mock:vllm?ttft=5ms"
    load = run_load(target, "--users", "2", "--duration", "60s", *PATIENT, "-v")
    time.sleep(8)
    load.send_signal(signal.SIGINT)
    out, err = load.communicate(timeout=START)

    assert load.returncode == 130
    assert "error: interrupted" in err
    assert "requests sent" not in err
    assert "ttft" in out


@pytest.mark.load
def test_a_target_that_dies_leaves_what_was_measured():
    with serving(build("vllm-0.32")) as url:
        options = ("--users", "2", "--duration", "60s", *PATIENT)
        load = run_load(f"{url}/v1?profile=vllm-0.32", *options)
        time.sleep(8)
    out, err = load.communicate(timeout=START)

    assert load.returncode == 1
    assert "the target stopped answering" in err
    assert "no response" in out
    assert "ttft" in out


@pytest.mark.load
@pytest.mark.parametrize("option", ["--web-port", "--master-port"])
def test_a_port_in_use_is_one_sentence(command, option):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        role = "--web" if option == "--web-port" else "--master"
        done = command("load", "mock", role, option, taken.getsockname()[1])

    assert done.code == 2
    assert f"choose another one with {option}" in done.err


@pytest.mark.load
def test_a_master_without_workers_gives_up(command):
    port = free_port()
    waiting = ("--master-port", port, "--worker-timeout", "1s")
    done = command("load", "mock", "--master", *waiting)

    assert done.code == 3
    assert "Only 0 of 1 workers connected" in done.err


@pytest.mark.load
def test_workers_of_a_master_total_what_they_sent():
    port = free_port()
    with serving(build("vllm-0.32")) as url:
        master = run_load(
            *(f"{url}/v1?profile=vllm-0.32", "--users", "4", "--max-requests", "40"),
            *("--master", "--expect-workers", "2", "--master-port", port, *PATIENT),
            *("--report", "json=-"),
        )
        await_port(port)
        where = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
        workers = [run_load(*where) for _ in range(2)]
        out, err = master.communicate(timeout=START)
        said = [worker.communicate(timeout=START)[0] for worker in workers]

    assert master.returncode == 0, err
    step = json.loads(out)["steps"][0]
    assert step["requests"]["sent"] == 40
    assert step["processes"] == 2
    counts = [int(text.partition("results of ")[2].split()[0]) for text in said]
    assert sum(counts) == 40
    assert [worker.returncode for worker in workers] == [0, 0]


@pytest.mark.load
def test_a_worker_whose_master_is_lost_says_what_it_measured():
    port = free_port()
    with serving(build("vllm-0.32")) as url:
        master = run_load(
            *(f"{url}/v1?profile=vllm-0.32", "--users", "2", "--duration", "60s"),
            *("--master", "--master-port", port, *PATIENT),
        )
        await_port(port)
        where = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
        worker = run_load(*where)
        time.sleep(6)
        master.kill()
        master.communicate()
        out, err = worker.communicate(timeout=START)

    assert worker.returncode == 3
    assert "is gone" in err
    assert "This worker alone, until then:" in out


@pytest.mark.load
def test_a_sweep_of_two_processes_finds_the_highest_good_load(command):
    done = command(
        *("load", "mock:vllm?ttft=20ms", "--sweep", "users=2,3,4", "--duration", "1s"),
        *("--budget", "e2e=30s", "--processes", "2", *PATIENT),
    )

    assert done.code == 0, done.out
    assert "good: 4 users is the highest load" in done.out
    assert "knee: " in done.out


@pytest.mark.load
def test_a_generator_that_is_too_slow_is_inconclusive(command):
    options = ("--users", "1", "--max-requests", "4", "--max-lag", "0.001ms")
    done = command("load", "mock", *options)

    assert done.code == 3
    assert "the load generator was saturated" in done.err


def await_port(port):
    until = time.monotonic() + START
    while time.monotonic() < until:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on {port}")
