"""
The command line: one module per verb, imported when it is used.

Imports: _version, catalog, client, engines, errors, fuzzing, mock_server, model,
plugins, reporters, run, targets, tiny. Third parties: click, rich.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from contract._version import __version__
from contract.errors import ContractError

PROGRAM = "magistral-contract"
BUG = 4
INTERRUPTED = 130
HUNG_UP = 141
VERBS = {
    "verify": ("contract.cli.verify", "Hold targets to their contract."),
    "replay": ("contract.cli.replay", "Judge saved exchanges again; nothing is sent."),
    "compare": ("contract.cli.compare", "Say what changed between two runs."),
    "fuzz": ("contract.cli.fuzz", "Fuzz a target with Schemathesis."),
    "list": ("contract.cli.listing", "List the checks, or what else there is."),
    "serve": ("contract.cli.serve", "Serve the scripted provider for your client."),
    "engines": ("contract.cli.engines", "Install real engines, and list them."),
    "tiny": ("contract.cli.tiny", "Write a scripted model for a real engine."),
    "completion": ("contract.cli.completion", "Print the script for tab completion."),
}


class Verbs(click.Group):
    """The verbs; each is imported when it is first used, so that starting is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The verbs, the most useful first."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """The verb of that name."""
        if cmd_name not in VERBS:
            return None
        verb: click.Command = import_module(VERBS[cmd_name][0]).verb
        return verb

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """The verbs with a line each, without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, story) for name, (_, story) in VERBS.items()])


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="VERB …",
    epilog="Each verb has its own --help. Exit codes: 0 held, 1 violated, 2 usage, "
    "3 target unreachable, 4 a check is broken.",
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.option("--debug", is_flag=True, help="Print the traceback of unexpected errors.")
def command(*, debug: bool) -> None:  # `run` reads it
    """Prove that an LLM chat endpoint keeps its contract."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code; every error is a sentence."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """The exit code of one command line."""
    _forgive_encodings()
    try:
        code = command.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _hang_up()
    except SystemExit as error:
        # click leaves with 1 when nobody reads; here that means "violated".
        if isinstance(error.__context__, BrokenPipeError):
            return _hang_up()
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # a user must never see a traceback unasked
        return _failed(error, debug="--debug" in arguments)
    return code if isinstance(code, int) else 0


def _failed(error: BaseException, *, debug: bool) -> int:
    """Say in a sentence what went wrong; the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return _say(error.format_message(), error.exit_code)
    if isinstance(error, click.ClickException):
        return _say(f"error: {_sentence(error)}", error.exit_code)
    if isinstance(error, ContractError):
        return _say(f"error: {error}", error.exit_code)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _say("error: interrupted.", INTERRUPTED)
    if debug:
        traceback.print_exception(error)
    return _say(
        f"error: {type(error).__name__}: {error}. This is a bug in {PROGRAM}; please "
        f"report it with the output of `{PROGRAM} --debug …`.",
        BUG,
    )


def _sentence(error: click.ClickException) -> str:
    text = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if context is not None:
        text = f"{text.removesuffix('.')}. See `{context.command_path} --help`."
    return text


def _say(message: str, code: int) -> int:
    try:
        click.echo(_inert(message), err=True)
    except BrokenPipeError:
        return _hang_up()
    return code


def _inert(message: str) -> str:
    """A message may quote a provider: no line of it may drive the terminal."""
    return "".join(
        c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in message
    )


def _hang_up() -> int:
    """
    Whoever read our output went away; say nothing, as `yes | head` does.

    Python flushes standard output once more on its way out, which must not fail.
    """
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # stays open until exit
    return HUNG_UP


def _forgive_encodings() -> None:
    """A terminal that cannot show a character gets its number instead of a crash."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
