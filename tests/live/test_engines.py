"""Real engines with the tiny model keep the contract, but for what is waived."""

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
from contract.engines.environments import (
    RECIPES,
    interpreter,
)
from contract.engines.process import free_port
from contract.errors import UsageError
from contract.targets.vllm import MODEL

pytestmark = pytest.mark.live
MARKED = "reasoning.no-marker-in-answer"
# What a wrong flag looks like: the target, the profile it should have had.
WRONG = [
    pytest.param("vllm:tiny?reasoning_parser=", "vllm-0.32", MARKED, id="vllm"),
    pytest.param(
        "llamacpp:tiny?reasoning_format=none", "llamacpp", MARKED, id="llamacpp"
    ),
    pytest.param(
        "transformers:tiny?response_template=no",
        "transformers",
        "reasoning.present",
        id="transformers",
    ),
]


def ensure_there(engine):
    try:
        interpreter(engine)
    except UsageError as error:
        pytest.skip(str(error))


@pytest.fixture
def judged(tmp_path):
    """`judged(target, …)`: the exit code and every outcome by the id of its check."""

    def judged(target, *words):
        path = tmp_path / "report.json"
        ensure_there(target.partition(":")[0])
        code = run(["verify", target, *words, "--report", f"json={path}"])
        results = json.loads(path.read_text())["results"]
        return code, {result["check"]: result["outcome"] for result in results}

    return judged


@pytest.mark.parametrize("engine", RECIPES)
def test_nothing_fails_but_what_is_waived(judged, engine):
    code, outcomes = judged(f"{engine}:tiny")

    assert 0 == code
    assert not {"fail", "error"} & set(outcomes.values())
    assert list(outcomes.values()).count("pass") > 100


@pytest.mark.parametrize(("target", "profile", "sign"), WRONG)
def test_server_without_its_reasoning_parser_is_found(judged, target, profile, sign):
    code, outcomes = judged(target, "--profile", profile, "--select", "reasoning")

    assert 1 == code
    assert "fail" == outcomes[sign]


@pytest.mark.parametrize("engine", RECIPES)
def test_flag_the_engine_does_not_know_is_told_in_its_own_words(engine, capfd):
    ensure_there(engine)
    code = run(["verify", f"{engine}:tiny?flags=--no-such-flag"])
    err = capfd.readouterr().err

    assert 3 == code
    assert "--no-such-flag" in err.partition("The end of its log:\n")[2]


def those_with(port):
    """The processes that were told this port, by id: the server and its watcher."""
    found = {}
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(port).encode() in words:
            found[int(place.parent.name)] = words
    return found


def children(pid):
    """*pid* and all that came from it, as long as they are there."""
    place = Path(f"/proc/{pid}/task/{pid}/children")
    born = place.read_text().split() if place.exists() else ()
    return {pid}.union(*(children(int(one)) for one in born))


def left(pids, within=20.0):
    """Those of *pids* that do not end in time; a big process takes a while to."""
    until = time.monotonic() + within
    while time.monotonic() < until and any(map(running, pids)):
        time.sleep(0.1)
    return set(filter(running, pids))


def running(pid):
    """Whether the process is there, and no zombie that nobody has asked for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def begun(port, within=300.0):
    """The id of the server that listens on *port*, once it has answered some probes."""
    until = time.monotonic() + within
    # A first answer takes seconds. Whoever answered us has answered those before us.
    hello = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    hello["model"] = MODEL
    chat = f"http://127.0.0.1:{port}/v1/chat/completions"
    while time.monotonic() < until:
        try:
            if httpx.post(chat, json=hello, timeout=120.0).is_success:
                time.sleep(3.0)
                return next(
                    pid
                    for pid, words in those_with(port).items()
                    if not any(word.endswith(b"watching.py") for word in words)
                )
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    return None


@pytest.mark.parametrize(
    ("sent", "codes", "trouble"),
    [
        pytest.param(signal.SIGKILL, {3}, "ended by signal 9", id="server-killed"),
        # What it still answers while it goes down is judged, and may fail.
        pytest.param(signal.SIGTERM, {1, 3}, "ended", id="server-ended"),
        pytest.param(signal.SIGINT, {130}, "interrupted", id="interrupted"),
    ],
)
@pytest.mark.parametrize("engine", RECIPES)
def test_a_run_that_is_broken_off_reports_and_leaves_nothing(
    engine, sent, codes, trouble, tmp_path
):
    ensure_there(engine)
    port, path = free_port(), tmp_path / "report.json"
    target = f"{engine}:tiny?port={port}"
    command = [sys.executable, "-m", "contract", "verify", target, "--concurrency", "1"]
    # A server that goes down may leave what it has begun without an answer.
    command += ["--timeout", "60", "--first-byte-timeout", "60"]
    with subprocess.Popen(  # noqa: S603  # our own words
        [*command, "--report", f"json={path}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as verify:
        server = begun(port)
        started = children(verify.pid) - {verify.pid}
        os.kill(verify.pid if sent is signal.SIGINT else server, sent)
        err = verify.communicate(timeout=300)[1]
    report = json.loads(path.read_text())

    assert verify.returncode in codes
    assert trouble in report["targets"][0]["trouble"]
    assert trouble in err
    assert report["results"]
    assert not left(started)
    assert not those_with(port)
