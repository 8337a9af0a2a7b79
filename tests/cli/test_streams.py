"""No secret and no command of a CI system passes through the standard streams."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import click
import pytest
from rich.console import Console
from support.spellings import SPELLINGS

from contract import cli
from contract.cli.streams import gated_streams, print_report
from contract.model import redaction

KEY = 'sk-Example/7f+1"9=a&b'
HOSTILE = f"{KEY}\x1b[2J\u202e\r##[add-mask]x\n  ::error::forged"
# click and rich drop some controls themselves.
INERT = re.compile(
    r"\*\*\*(\\x1b\[2J)?\\u202e(\\r)?##\\x5badd-mask\]x\n  \\x3a:error::forged"
)


def by_traceback(text):
    traceback.print_exception(ValueError(text))


# Whatever a verb may print with.
WAYS = {
    "print": print,
    "print-to-standard-error": lambda text: sys.stderr.write(f"{text}\n"),
    "click": click.echo,
    "click-to-standard-error": lambda text: click.echo(text, err=True),
    "click-with-style": lambda text: click.secho(text, fg="red", color=True),
    "rich": lambda text: Console(highlight=False, markup=False, width=400).print(text),
    "lines": lambda text: sys.stderr.writelines([text]),
    "bytes": lambda text: click.echo(text.encode()),
    "traceback": by_traceback,
}


@pytest.fixture
def _secret():
    with redaction.SECRETS.scope():
        redaction.register_secret(KEY)
        yield


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize("way", WAYS)
def test_whatever_prints_passes_the_gate(capsys, way):
    with gated_streams():
        WAYS[way](HOSTILE)
    shown = "".join(capsys.readouterr())

    assert INERT.search(shown)
    assert KEY not in shown


@pytest.mark.parametrize("verb", cli.VERBS)
def test_what_any_verb_prints_passes_the_gate(command, monkeypatch, verb):
    """Even with the help of a verb that does not escape what it prints."""

    @click.command()
    def careless():
        for spell in SPELLINGS.values():
            click.echo(f"it quotes {spell(KEY)}")
            sys.stderr.write(f"it quotes {spell(KEY)}\n")
        sys.stdout.write(HOSTILE)

    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    monkeypatch.setattr(cli.VerbGroup, "get_command", lambda *_: careless)
    done = command(verb)

    assert done.code == 0
    assert INERT.search(done.out)
    for line in (done.out + done.err).splitlines():
        assert "***" in line or "forged" in line or line.strip() in {"", "=="}


def test_streams_are_put_back(capsys):
    before = sys.stdout, sys.stderr
    with pytest.raises(ZeroDivisionError), gated_streams():
        1 / (sys.stdout is before[0])
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == ("", "")


def test_a_terminal_keeps_the_moves_of_a_progress_bar(monkeypatch):
    page = io.StringIO()
    page.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", page)
    with redaction.SECRETS.scope(), gated_streams():
        redaction.register_secret(KEY)
        sys.stdout.write(f"\r\x1b[2K{KEY}")

    assert page.getvalue() == "\r\x1b[2K***"


def test_a_closed_stream_stays_closed(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with gated_streams():
        assert sys.stderr is None
    assert sys.stderr is None

    monkeypatch.setattr(sys, "stdout", None)
    assert cli.run(["--version"]) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("verb", [["--version"], ["list", "--faults"]])
def test_a_full_disk_behind_standard_output_is_one_sentence(verb, unbuffered):
    code = "from contract.cli import main; main()"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(  # noqa: S603  # the interpreter of this test
            [sys.executable, "-c", code, *verb],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )

    assert done.stderr == (
        "error: The output cannot be written: No space left on device. Redirect it to "
        "another place.\n"
    )
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_both_streams_leaves_the_exit_code(unbuffered):
    code = "from contract.cli import main; main()"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(  # noqa: S603  # the interpreter of this test
            [sys.executable, "-c", code, "verfy"],
            stdout=full,
            stderr=full,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )

    assert done.returncode == 2


def test_a_report_may_print_the_commands_of_its_kind(capsys):
    text = "::error title=a::b\n::warning title=a::b\n::error file=a::b\n"
    with gated_streams():
        print_report(text, {"error"})
        print_report("::error title=a::b\n", ())

    assert capsys.readouterr().out == (
        "::error title=a::b\n"
        "\\x3a:warning title=a::b\n\\x3a:error file=a::b\n"
        "\\x3a:error title=a::b\n"
    )


def test_a_printed_report_is_masked(capsys):
    redaction.register_secret("sk-0123456789")
    with gated_streams():
        print_report("::error title=a::key sk-0123456789\n", {"error"})

    assert capsys.readouterr().out == "::error title=a::key ***\n"
