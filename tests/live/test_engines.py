"""Tests of real engines with the tiny model: everything passes or is waived."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from contract.cli import run
from contract.engines.environments import RECIPES, interpreter
from contract.engines.process import free_port
from contract.errors import UsageError
from contract.targets.vllm import MODEL

pytestmark = pytest.mark.live
MARKERS = "reasoning.no-marker-in-answer"
# Targets with a wrong flag, the profile that they break, and a check that fails.
WRONG = [
    pytest.param("vllm:tiny?reasoning_parser=", "vllm-0.32", MARKERS, id="vllm"),
    pytest.param(
        "llamacpp:tiny?reasoning_format=none", "llamacpp", MARKERS, id="llamacpp"
    ),
    pytest.param(
        "transformers:tiny?response_template=no",
        "transformers",
        "reasoning.present",
        id="transformers",
    ),
]


def ensure_installed(engine):
    try:
        interpreter(engine)
    except UsageError as error:
        pytest.skip(str(error))


@pytest.fixture
def judged(tmp_path):
    """`judged(target, …)`: the exit code, and the outcomes by the id of the check."""

    def judged(target, *options):
        path = tmp_path / "report.json"
        ensure_installed(target.partition(":")[0])
        code = run(["verify", target, *options, "--report", f"json={path}"])
        results = json.loads(path.read_text())["results"]
        return code, {result["check"]: result["outcome"] for result in results}

    return judged


@pytest.mark.parametrize("engine", RECIPES)
def test_only_waived_checks_fail(judged, engine):
    code, outcomes = judged(f"{engine}:tiny")

    assert 0 == code
    assert not {"fail", "error"} & set(outcomes.values())
    assert list(outcomes.values()).count("pass") > 100


@pytest.mark.parametrize(("target", "profile", "check"), WRONG)
def test_server_without_its_reasoning_parser_is_found(judged, target, profile, check):
    code, outcomes = judged(target, "--profile", profile, "--select", "reasoning")

    assert 1 == code
    assert "fail" == outcomes[check]


@pytest.mark.parametrize("engine", RECIPES)
def test_a_started_engine_is_ready_in_three_requests(capsys, engine):
    ensure_installed(engine)
    code = run(["probe", f"{engine}:tiny", "--timeout", "60s", "--json"])
    found = json.loads(capsys.readouterr().out)

    assert (0, "ready") == (code, found["state"]), found
    assert found["requests"] <= 3


@pytest.mark.parametrize(("target", "profile", "check"), WRONG)
def test_a_dead_parser_is_not_ready(capsys, target, profile, check):
    ensure_installed(target.partition(":")[0])
    options = ["--profile", profile, "--timeout", "60s", "--json"]
    code = run(["probe", target, *options])
    found = json.loads(capsys.readouterr().out)

    assert (1, "parser-off") == (code, found["state"]), (check, found)


@pytest.mark.parametrize("engine", RECIPES)
def test_unknown_flag_is_reported_with_the_log_of_the_engine(engine, capfd):
    ensure_installed(engine)
    code = run(["verify", f"{engine}:tiny?flags=--no-such-flag"])
    err = capfd.readouterr().err

    assert 3 == code
    assert "--no-such-flag" in err.partition("The end of its log:\n")[2]


def processes_with(port):
    """The processes with this port in their arguments: the server and its watcher."""
    found = {}
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(port).encode() in arguments:
            found[int(place.parent.name)] = arguments
    return found


def descendants(pid):
    """*pid* and the processes below it that exist."""
    place = Path(f"/proc/{pid}/task/{pid}/children")
    children = place.read_text().split() if place.exists() else ()
    return {pid}.union(*(descendants(int(one)) for one in children))


def remaining(pids, within=20.0):
    """Those of *pids* that do not end in time; a large process takes a while."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and any(map(running, pids)):
        time.sleep(0.1)
    return set(filter(running, pids))


def running(pid):
    """Whether the process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def busy_server(port, within=300.0):
    """The id of the server that listens on *port*, once it has answered some probes."""
    deadline = time.monotonic() + within
    # The first response takes seconds, and requests are answered in order: after this
    # one, some probes of the run have been answered too.
    hello = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    hello["model"] = MODEL
    chat = f"http://127.0.0.1:{port}/v1/chat/completions"
    while time.monotonic() < deadline:
        try:
            if httpx.post(chat, json=hello, timeout=120.0).is_success:
                time.sleep(3.0)
                return next(
                    pid
                    for pid, arguments in processes_with(port).items()
                    if not any(one.endswith(b"watching.py") for one in arguments)
                )
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    return None


@pytest.mark.parametrize(
    ("sent", "codes", "trouble"),
    [
        pytest.param(signal.SIGKILL, {3}, "ended by signal 9", id="server-killed"),
        # Responses during the shutdown are judged, and may fail.
        pytest.param(signal.SIGTERM, {1, 3}, "ended", id="server-ended"),
        pytest.param(signal.SIGINT, {130}, "interrupted", id="interrupted"),
    ],
)
@pytest.mark.parametrize("engine", RECIPES)
def test_interrupted_run_writes_a_report_and_leaves_no_process(
    engine, sent, codes, trouble, tmp_path
):
    ensure_installed(engine)
    port, path = free_port(), tmp_path / "report.json"
    target = f"{engine}:tiny?port={port}"
    command = [sys.executable, "-m", "contract", "verify", target, "--concurrency", "1"]
    # A server that shuts down may leave requests without a response.
    command += ["--timeout", "60", "--first-byte-timeout", "60"]
    with subprocess.Popen(  # noqa: S603  # the command above
        [*command, "--report", f"json={path}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as verify:
        server = busy_server(port)
        started = descendants(verify.pid) - {verify.pid}
        os.kill(verify.pid if sent is signal.SIGINT else server, sent)
        err = verify.communicate(timeout=300)[1]
    report = json.loads(path.read_text())

    assert verify.returncode in codes
    assert trouble in report["targets"][0]["trouble"]
    assert trouble in err
    assert report["results"]
    assert not remaining(started)
    assert not processes_with(port)
