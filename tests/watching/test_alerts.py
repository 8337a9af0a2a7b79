"""`contract.watching.alerts`: delivered within bounds, and without secrets."""

from __future__ import annotations

import json
import sys

import httpx
import pytest
import respx

from contract.errors import UsageError
from contract.model.redaction import SECRETS, register_secret
from contract.watching.alerts import ATTEMPTS, Command, Webhook, body
from contract.watching.state import Change, Condition, Kind

KEY = "sk-of-the-target-1234"
PLACE = "https://hooks.example.com/services/T000/token-9f8e7d6c"
CHANGE = Change(
    kind=Kind.BROKEN,
    target="one",
    at="2026",
    since="2026",
    condition=Condition.FAILING,
    checks={"a.b": f"quotes {KEY}\n::error::x"},
)


def test_the_body_is_one_line_of_json_without_secrets():
    register_secret(KEY)
    text = body(CHANGE)

    assert "\n" not in text
    assert text.isascii()
    assert KEY not in text
    assert json.loads(text)["checks"][0]["check"] == "a.b"


@respx.mock
@pytest.mark.parametrize(
    ("answers", "calls", "words"),
    [
        pytest.param([200], 1, "", id="delivered"),
        pytest.param([204], 1, "", id="no-content"),
        pytest.param([503, 200], 2, "", id="second-time"),
        pytest.param([429, 500, 200], 3, "", id="third-time"),
        pytest.param([500] * 9, ATTEMPTS, "answers 500, 3 times", id="never"),
        pytest.param([404], 1, "answers 404", id="gone"),
        pytest.param([302], 1, "answers 302", id="redirect"),
        pytest.param(
            [httpx.ConnectError("x")] * 9, ATTEMPTS, "(ConnectError)", id="no"
        ),
        pytest.param([httpx.ReadTimeout("x"), 200], 2, "", id="slow-once"),
    ],
)
def test_a_post_is_repeated_within_bounds(answers, calls, words):
    pauses = []
    route = respx.post(PLACE).mock(
        side_effect=[
            one if isinstance(one, Exception) else httpx.Response(one)
            for one in answers
        ]
    )
    why = Webhook(PLACE, pauses.append).send(CHANGE)

    assert route.call_count == calls
    assert len(pauses) == min(calls, ATTEMPTS) - 1 + (calls == 0)
    assert words in why
    assert bool(words) == bool(why)
    assert "token" not in why
    assert json.loads(route.calls[0].request.content)["format"] == "watch-event-v1"
    assert SECRETS.mask(f"posted to {PLACE}") == "posted to ***"


@pytest.mark.parametrize(
    "url", ["", "hooks.example.com/x", "ftp://h/x", "https:///x", "http://h:port/x"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(UsageError, match="--webhook is invalid"):
        Webhook(url)


def python(program, **options):
    return Command((sys.executable, "-c", program), **options)


def test_a_command_gets_json_on_its_input_and_no_key(monkeypatch, tmp_path):
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    path = tmp_path / "found"
    program = (
        "import os, pathlib, sys; "
        f"pathlib.Path({str(path)!r}).write_text(sys.stdin.read() + repr(os.environ))"
    )
    why = python(program, without=frozenset({"MISTRAL_API_KEY"})).send(CHANGE)
    line, _, rest = path.read_text().partition("\n")

    assert why == ""
    assert json.loads(line)["target"] == "one"
    assert KEY not in rest
    assert "PATH" in rest


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise SystemExit(7)", "ended with 7"),
        ("import time; time.sleep(60)", "took longer than 0.3 s"),
    ],
)
def test_a_command_that_fails_is_a_sentence(program, words):
    assert words in python(program, longest=0.3).send(CHANGE)


@pytest.mark.parametrize("text", ["", "  ", "no-such-program-here", "'open", "/etc"])
def test_what_is_no_program_is_refused(text):
    with pytest.raises(UsageError, match="--command"):
        Command.parse(text)


def test_a_program_that_is_gone_is_a_sentence():
    assert "cannot be run" in Command(("/nowhere/program",)).send(CHANGE)


def test_words_are_divided_as_a_shell_does_and_given_to_no_shell(tmp_path):
    found = Command.parse(f"{sys.executable} -c 'x = \"$(touch {tmp_path}/a)\"'")

    assert found.words[1:] == ("-c", f'x = "$(touch {tmp_path}/a)"')
    assert found.send(CHANGE) == ""
    assert not list(tmp_path.iterdir())
