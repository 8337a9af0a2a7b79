"""`load`: mistakes on its command line, found before anything is sent."""

from __future__ import annotations

import io
import socket
import subprocess
import sys

import pytest

from contract.cli import loading
from contract.load import extra


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rate", "0"], "above 0 and at most 10000, not '0'"),
        (["--rate", "-1"], "not '-1'"),
        (["--rate", "nan"], "not 'nan'"),
        (["--rate", "1e9"], "not '1e9'"),
        (["--users", "0"], "0 is not in the range"),
        (["--users", "2", "--rate", "1"], "--users and --rate are different loads"),
        (["--rate", "1", "--pause", "1s"], "--pause is for --users"),
        (["--duration", "0s"], "--duration must be longer"),
        (["--rate", "9999", "--duration", "9s"], "more than 10000 requests"),
        (["--sweep", "users=1"], "--sweep takes 2 to 20 steps"),
        (["--sweep", "speed=1,2"], "--sweep takes 2 to 20 steps"),
        (["--sweep", "users=1,x"], "users of --sweep are whole numbers"),
        (["--sweep", "users=0,2"], "must be from 1 to"),
        (["--sweep", "rate=1,0"], "above 0"),
        (["--sweep", "users=1,2", "--locust-csv", "a"], "leave out --sweep"),
        (["--scenario", "chats"], "Did you mean 'chat'"),
        (["--scenario", "missing.toml"], "cannot be read"),
        (["--budget", "reject=1s"], "verify judges it"),
        (["--budget", "speed=1s"], "Unknown budget 'speed'"),
        (["--report", "xml=a.xml"], "Unknown report 'xml'"),
        (["--report", "json=no/a.json"], "cannot be written"),
        (["--locust-html", "no/a.html"], "cannot be written"),
        (["--save", "a", "--no-save"], "--save or --no-save"),
        (["--processes", "4", "--users", "2"], "4 processes cannot share 2 users"),
        (["--master", "--processes", "2", "--users", "4"], "sends nothing itself"),
        (["--master", "--worker", "--master-host", "h"], "a --master or a --worker"),
        (["--master-host", "h"], "is for a worker"),
        (["--header", "X"], "NAME: VALUE"),
        (["--profile", "vllm-9"], "Unknown profile"),
    ],
)
def test_a_mistake_is_one_sentence(command, options, words):
    done = command("load", "mock", *options)

    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_a_worker_without_the_address_of_its_master_is_refused(command):
    done = command("load", "--worker")

    assert (done.code, done.out) == (2, "")
    assert "--master-host HOST" in done.err


def test_a_worker_takes_target_and_load_from_its_master(command):
    done = command("load", "mock", "--worker", "--master-host", "127.0.0.1")

    assert done.code == 2
    assert "leave out 'mock'" in done.err


def test_a_worker_without_a_master_says_how_to_start_one(command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = command(
        *("load", "--worker", "--master-host", "127.0.0.1", "--master-port", port)
    )

    assert done.code == 3
    assert "No master listens" in done.err
    assert "--master." in done.err


@pytest.mark.parametrize(
    "confirmed", [[], ["--yes-i-own-it", "other.example"], ["--yes-i-own-it", ""]]
)
def test_another_machine_is_not_loaded_unless_it_is_confirmed(
    command, monkeypatch, confirmed
):
    def opened(*_, **__):
        raise AssertionError("something was sent")

    monkeypatch.setattr(loading, "open_target", opened)
    done = command("load", "https://llm.example.com/v1", "--users", "1", *confirmed)

    assert done.code == 2
    assert "add --yes-i-own-it llm.example.com." in done.err


def test_the_confirmed_host_is_opened(command, monkeypatch):
    class OpenedError(Exception):
        pass

    def opened(text, **_):
        raise OpenedError(text)

    monkeypatch.setattr(loading, "open_target", opened)
    host = ("--yes-i-own-it", "llm.example.com")
    done = command("load", "https://llm.example.com/v1", "--users", "1", *host)

    assert "OpenedError: https://llm.example.com/v1" in done.err


@pytest.mark.parametrize(
    ("typed", "code"), [("llm.example.com\n", 4), ("yes\n", 2), ("\n", 2)]
)
def test_a_person_confirms_by_typing_the_host(command, monkeypatch, typed, code):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def opened(*_, **__):
        raise RuntimeError("opened")

    monkeypatch.setattr(loading, "open_target", opened)
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    done = command("load", "https://llm.example.com/v1", "--users", "1")

    assert done.code == code
    assert ("opened" in done.err) is (code == 4)


@pytest.mark.parametrize("options", [[], ["--report", "json=-"], ["--worker"]])
def test_without_the_extra_the_command_that_installs_it_is_named(options):
    """Nothing that the extra brings is imported before it is looked for."""
    blocked = f"sys.modules.update(dict.fromkeys({extra.PACKAGES}))"
    words = ["load", *options]
    code = f"import sys; {blocked}; from contract.cli import run; run({words})"
    done = subprocess.run(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert "pip install -e '.[load]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_help_names_scenarios_and_exit_codes(command):
    done = command("load", "--help")

    assert done.code == 0
    for word in ("chat, vision, long-context", "--yes-i-own-it", "INCONCLUSIVE"):
        assert word in done.out


def test_a_trace_takes_as_long_as_it_is(command, tmp_path, monkeypatch):
    """--duration does not cut it off."""
    plans = []

    def carried_out(_settings, _verification, found):
        plans.extend(found)
        raise RuntimeError("enough")

    (tmp_path / "trace.txt").write_text("0\n90\n")
    monkeypatch.setattr(loading, "_run", carried_out)
    command("load", "mock:vllm", "--trace", "trace.txt", "--warm-up", "30s")

    (plan,) = plans
    assert plan.schedule == (0.0, 90.0)
    assert (plan.warm_up, plan.duration) == (30.0, 60.0)


def test_the_command_that_runs_again_repeats_what_was_given(command, monkeypatch):
    """What does not change the load, and defaults, are left out."""
    found = []

    def carried_out(settings, *_):
        found.append(" ".join(loading.again(settings)))
        raise RuntimeError("enough")

    monkeypatch.setattr(loading, "_run", carried_out)
    monkeypatch.setenv("TENANT", "blue")
    command(
        *("load", "mock:vllm?key=sk-of-the-mock-01234", "--rate", "2.5", "--strict"),
        *("--duration", "4s", "--arrivals", "constant", "--budget", "ttft=1.5s"),
        *("--header-env", "X-Tenant=TENANT", "--quiet", "--no-save"),
    )

    (words,) = found
    assert words == (
        "magistral-contract load mock:vllm?key=*** --rate 2.5 --duration 4 --scenario "
        "chat --strict --arrivals constant --budget ttft=1.5s --header-env "
        "X-Tenant=TENANT"
    )


def test_the_settings_say_where_and_what_the_target_is(command, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.magistral-contract]\n"
        'targets = ["mock:vllm"]\nprofile = "vllm-9"\nreport = ["junit=a.xml"]\n'
        "max-requests = 1\nstrict = true\n"
    )
    done = command("load")
    elsewhere = command("load", "--no-config", "mock", "--scenario", "chats")

    assert (done.code, "Unknown profile 'vllm-9'" in done.err) == (2, True)
    assert "Did you mean 'chat'" in elsewhere.err
    assert not (tmp_path / "a.xml").exists()


def test_only_one_of_several_targets_is_loaded(command, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.magistral-contract]\ntargets = ["mock:vllm", "mock:llamacpp"]\n'
    )
    done = command("load")

    assert done.code == 2
    assert "The settings name several targets; name the one to load." in done.err
