"""
Command line interface: one module per verb, imported when the verb is used.

Imports: _version, catalog, claims, client, clients, engines, errors, exporters, files,
fuzzing, history, identity, importers, load, memory, mock_server, model, openapi_diff,
plugins, probing, proxying, reporters, run, schema, targets, testing, tiny, verdicts,
watching. Third parties: click, rich.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from contract._version import __version__
from contract.errors import ContractError
from contract.model.redaction import sanitise

PROGRAM = "magistral-contract"
# Exit codes beyond those of `ContractError` and `Report`.
BUG = 4
INTERRUPTED = 130
OUTPUT_CLOSED = 141
# By verb: the module whose function `<verb>_command` implements it, and its summary.
VERBS = {
    "verify": ("contract.cli.verify", "Check that targets keep their contract."),
    "probe": ("contract.cli.probe", "Tell in two seconds if a server is ready."),
    "identify": (
        "contract.cli.identify",
        "Check whether an endpoint serves the same model.",
    ),
    "budget": ("contract.cli.budget", "Measure a target, and propose budgets."),
    "init": (
        "contract.cli.scaffolding",
        "Write settings, a test and a workflow for a URL.",
    ),
    "replay": ("contract.cli.replay", "Judge saved exchanges again; send nothing."),
    "watch": ("contract.cli.watch", "Verify again and again; report what changes."),
    "history": ("contract.cli.history", "List, show and draw the runs of a history."),
    "compare": ("contract.cli.compare", "Show what changed between two runs."),
    "table": ("contract.cli.table", "Show which engine keeps the contract."),
    "import": ("contract.cli.importing", "Read the report of an API client."),
    "diff": ("contract.cli.diff", "Show which changes of an OpenAPI document break."),
    "load": ("contract.cli.load", "Send load, measure it, and judge the replies."),
    "claims": ("contract.cli.claims", "Compare answers with the published figures."),
    "client": ("contract.cli.client", "Judge a program that calls the API."),
    "fuzz": ("contract.cli.fuzz", "Fuzz a target with Schemathesis."),
    "list": ("contract.cli.listing", "List checks, faults, profiles and targets."),
    "proxy": ("contract.cli.proxy", "Pass requests on, and judge what passes."),
    "serve": ("contract.cli.serve", "Serve the mock for a client, or verdicts."),
    "openapi": ("contract.cli.openapi", "Print the API description of one dialect."),
    "export": ("contract.cli.export", "Write files for Apidog, Postman or OpenAPI."),
    "engines": ("contract.cli.engines", "Install real engines, or list them."),
    "fit": ("contract.cli.fit", "Show what fits the memory of a GPU or a Mac."),
    "tiny": ("contract.cli.tiny", "Write a scripted model for a real engine."),
    "completion": ("contract.cli.completion", "Print the script for tab completion."),
}


class OutputClosed(Exception):  # noqa: N818  # an event, not an error
    """Raised instead of a BrokenPipeError, which click would turn into exit code 1."""


class VerbGroup(click.Group):
    """The group of verbs; a verb is imported when it is used, for a quick start."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; raise `OutputClosed` if its output is closed."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names of the verbs, the most useful first."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Return the verb named *cmd_name*; None if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module = import_module(VERBS[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that *args* begin with; an unknown one gets a suggestion."""
        name = args[0]
        if name in VERBS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        if "://" in name or name.partition(":")[0] == "mock":
            raise click.UsageError(
                f"{name!r} is a target, not a verb; write `{PROGRAM} verify {name}`",
                ctx,
            )
        from contract.plugins.discovery import suggestion

        raise click.UsageError(
            f"Unknown verb {name!r}{suggestion(name, VERBS, few=len(VERBS))}", ctx
        )

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write a line per verb, without importing it."""
        with formatter.section("Verbs"):
            formatter.write_dl(
                [(name, summary) for name, (_, summary) in VERBS.items()]
            )


@click.command(
    cls=VerbGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="VERB …",
    epilog="Each verb has its own --help. Exit codes: 0 passed, 1 failed, 2 usage "
    "error, 3 inconclusive, e.g. the target is unreachable, 4 a check crashed.",
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.option("--debug", is_flag=True, help="Print the traceback of unexpected errors.")
def command(*, debug: bool) -> None:  # read by `run`
    """Prove that an LLM chat endpoint keeps its contract."""


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the command line and exit with its exit code.

    *arguments* are those of the process if not given. Every error is printed as one
    sentence.
    """
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run the command line *arguments* and return its exit code."""
    from contract.cli.streams import gated_streams
    from contract.client.credentials import KEYS
    from contract.model.redaction import SECRETS

    _escape_unencodable()
    with SECRETS.scope(), gated_streams():
        # Even a verb that sends nothing may show what a server echoed before.
        SECRETS.register(*map(os.environ.get, KEYS))
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    try:
        code = command.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (BrokenPipeError, OutputClosed):
        return _close_output()
    except SystemExit as error:
        # rich exits with 1 if the output is closed; here that would mean "failed".
        if isinstance(error.__context__, BrokenPipeError):
            return _close_output()
        raise
    # A panic of compiled code is no Exception. A traceback is shown with --debug only.
    except BaseException as error:  # noqa: BLE001
        return _report_error(error, debug="--debug" in arguments)
    return code if isinstance(code, int) else 0


def _report_error(error: BaseException, *, debug: bool) -> int:
    """Print *error* as a sentence, if *debug* with its traceback; return its code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return _print_error(error.format_message(), error.exit_code)
    if isinstance(error, click.ClickException):
        return _print_error(f"error: {sanitise(_sentence(error))}", error.exit_code)
    if isinstance(error, ContractError):
        # It is inert already; its lines are those of a log.
        return _print_error(f"error: {error}", error.exit_code)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _print_error("error: interrupted.", INTERRUPTED)
    if debug:
        import traceback

        traceback.print_exception(error)
    culprit = _culprit(error)
    return _print_error(
        f"error: {type(error).__name__}: {sanitise(str(error))}. This is a bug in "
        f"{culprit or PROGRAM}; please report it with the output of "
        f"`{PROGRAM} --debug …`.",
        BUG,
    )


def _culprit(error: BaseException) -> str:
    """Return the plug-in whose code raised *error*, in words; empty if none's did."""
    from contract.plugins.discovery import culprit

    plugin = culprit(error)
    return "" if plugin is None else str(plugin)


def _sentence(error: click.ClickException) -> str:
    """Return the message of *error*, followed by a pointer to the help."""
    text = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if context is not None:
        end = "" if text.endswith("?") else "."
        text = f"{text.removesuffix('.')}{end} See `{context.command_path} --help`."
    return text


def _print_error(message: str, code: int) -> int:
    """Print *message* to standard error; return the exit code, normally *code*."""
    try:
        click.echo(message, err=True)
    except BrokenPipeError:
        return _close_output()
    except ContractError:
        return code  # standard error cannot be written to either
    return code


def _close_output() -> int:
    """
    Return the exit code for a closed output, as in `… | head`, and print nothing.

    Standard output is replaced, because Python flushes it once more on exit, which
    must not fail.
    """
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # stays open until exit
    return OUTPUT_CLOSED


def _escape_unencodable() -> None:
    """Escape characters that the terminal cannot encode, instead of crashing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
