"""Options that several verbs share."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from contract.cli.options import console
from contract.plugins.discovery import find
from contract.reporters.base import Reporter


@pytest.mark.parametrize(
    ("color", "environ", "colored"),
    [
        pytest.param(None, {}, False, id="a-pipe-is-plain"),
        pytest.param(True, {}, True, id="color-forces"),
        pytest.param(True, {"NO_COLOR": "1"}, True, id="color-beats-no-color"),
        pytest.param(False, {"FORCE_COLOR": "1"}, False, id="no-color-beats-force"),
    ],
)
def test_colour_depends_on_option_environment_and_terminal(
    monkeypatch, color, environ, colored
):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    page = console(color)
    page.print("text", style="red")

    assert colored == ("\x1b[31m" in page.file.getvalue())


@pytest.mark.parametrize("verb", ["verify", "replay", "fuzz"])
def test_the_help_of_report_lists_every_reporter(command, verb):
    words = command(verb, "--help").out.partition("--report")[2].split()

    assert set(find("reporters", Reporter)) <= {word.strip(",.") for word in words}


@pytest.mark.parametrize("arguments", [["list", "--quirks"], ["serve", "--help"]])
def test_other_commands_do_not_import_the_reporters(arguments):
    program = (
        "import sys; from contract.cli import run; "
        f"code = run({arguments!r}); "
        "sys.exit(code or 'contract.reporters.junit' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-c", program], capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_nothing_is_written_to_a_closed_output(monkeypatch, name):
    monkeypatch.setattr(sys, name, None)

    console(None, stderr=name == "stderr").print("text")


def test_a_removed_current_folder_is_one_sentence(command, tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    done = command("verify", "mock")

    assert done.code == 2
    assert done.err.startswith("error: The current folder cannot be read: ")
