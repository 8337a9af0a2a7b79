"""Programs that hang, print garbage or too much, die, or leave children are ended."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from contract.clients.output import Trouble
from contract.clients.program import (
    Resident,
    environment,
    read_command,
    run_program,
)
from contract.clients.task import Place
from contract.errors import UsageError

PLACE = Place(url="http://127.0.0.1:9", key="sk-of-a-test", model="m")
ANSWER = 'print(\'{"answer": "yes"}\')'


@pytest.fixture
def run(tmp_path):
    """`run(source)` is what a Python program of that source says."""

    def run(source, timeout=20.0, **options):
        path = tmp_path / "program.py"
        path.write_text(source)
        command = (sys.executable, "-I", str(path))
        return run_program(command, PLACE, "{}", timeout=timeout, **options)

    return run


def is_running(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_the_last_line_with_a_result_counts(run):
    said = run("print('starting'); print('{\"n\": 1}'); " + ANSWER)

    assert said.trouble is None
    assert said.answer == "yes"


def test_a_file_is_as_good_as_standard_output(run):
    said = run(
        "import os; open(os.environ['MAGISTRAL_CLIENT_OUTPUT'], 'w')"
        '.write(\'{"answer": "from a file"}\'); print(\'{"answer": "printed"}\')'
    )

    assert said.answer == "from a file"


def test_the_task_is_on_standard_input_and_in_the_environment(run):
    said = run(
        "import json, os, sys; print(json.dumps({'answer': [sys.stdin.read(), "
        "os.environ['MAGISTRAL_CLIENT_TASK'], os.environ['OPENAI_API_KEY']]}))"
    )

    assert said.result["answer"] == ["{}\n", "{}", "sk-of-a-test"]


@pytest.mark.parametrize(
    ("source", "trouble", "words"),
    [
        ("import time; time.sleep(60)", Trouble.HUNG, "did not end within 0.3 s"),
        ("", Trouble.SILENT, "printed nothing"),
        ("print('hello')", Trouble.GARBAGE, "printed no result, but 'hello'"),
        ("print('{\"x\": 1}')", Trouble.GARBAGE, "printed no result"),
        ("raise SystemExit(3)", Trouble.DIED, "with exit code 3"),
        ("1 / 0", Trouble.DIED, "ZeroDivisionError"),
        ("import os; os.kill(os.getpid(), 9)", Trouble.DIED, "signal SIGKILL"),
        ("print('\\x1b[31m::error::x')", Trouble.GARBAGE, "\\\\x1b"),
    ],
)
def test_a_program_without_a_result_is_a_sentence(run, source, trouble, words):
    said = run(source, timeout=0.3 if trouble is Trouble.HUNG else 20.0)

    assert said.trouble is trouble
    assert words in said.reason


def test_a_program_that_ignores_signals_is_ended(run, tmp_path):
    mark = tmp_path / "pid"
    said = run(
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)",
        timeout=1.0,
    )

    assert said.trouble is Trouble.HUNG
    assert not is_running(mark.read_text())


def test_a_flood_is_stopped(run):
    said = run("while True: print('x' * 1_000_000)")

    assert said.trouble is Trouble.FLOODED
    assert "more than 16 MiB" in said.reason


def test_a_flood_of_errors_is_no_result_and_costs_no_memory(run):
    said = run(f"import sys; sys.stderr.write('x' * 3_000_000 + '\\nend\\n'); {ANSWER}")

    assert said.answer == "yes"
    assert said.last_line == "end"


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux lists the children of a process"
)
def test_children_are_reported_and_ended(run, tmp_path):
    mark = tmp_path / "pid"
    said = run(
        "import subprocess, sys\n"
        "wait = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "null = subprocess.DEVNULL\n"
        "child = subprocess.Popen(wait, stdout=null, stderr=null)\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid)); {ANSWER}"
    )

    assert (said.answer, said.left_behind) == ("yes", 1)
    assert not is_running(mark.read_text())


def test_a_command_that_is_not_there_is_a_sentence():
    said = run_program(("no-such-program-7",), PLACE, "{}", timeout=1.0)

    assert said.trouble is Trouble.NOT_STARTED
    assert "cannot be started" in said.reason


@pytest.mark.parametrize("text", ["", "  ", "python 'half"])
def test_a_command_line_that_no_shell_takes_is_refused(text):
    with pytest.raises(UsageError, match="--command"):
        read_command(text)


def test_keys_of_the_user_do_not_reach_the_program(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user")
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-of-the-user")

    assert "sk-of-the-user" not in environment(PLACE, "{}", {}).values()


LOOP = """
import json, sys, time
for line in sys.stdin:
    task = json.loads(line)
    if task == "sleep": time.sleep(60)
    if task == "die": raise SystemExit(2)
    print(json.dumps({"answer": task, "finish_reason": str(__import__("os").getpid())}),
          flush=True)
"""


def test_one_process_answers_many_tasks_and_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr("contract.clients.program.STARTUP", 0.5)
    path = tmp_path / "loop.py"
    path.write_text(LOOP)
    with Resident((sys.executable, "-I", str(path))) as program:
        said = [
            program.ask(PLACE, json.dumps(task), timeout=1.5)
            for task in ("a", "b", "die", "c", "sleep", "d")
        ]
        last = said[-1].result["finish_reason"]

    assert [one.answer for one in said] == ["a", "b", None, "c", None, "d"]
    assert said[2].trouble is Trouble.DIED
    assert said[4].trouble is Trouble.HUNG
    ids = [one.result.get("finish_reason") for one in said]
    assert ids[0] == ids[1] != ids[3] != ids[5]
    assert not is_running(last)


def test_a_run_that_is_interrupted_ends_its_program(run):

    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    said = run("import time; time.sleep(60)", timeout=50.0, stop=stop)

    assert said.trouble is Trouble.HUNG
    assert time.monotonic() - begun < 40
