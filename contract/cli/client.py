"""`client`: judge a program that calls the API, by scenarios that the mock plays."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from contract.cli import completion, options
from contract.cli.delivery import INTERRUPTED, deliver, worst
from contract.cli.outputs import Output

if TYPE_CHECKING:
    from contract.clients.scenario import Requirement, Scenario

MOST_JOBS = 32


def _scenarios() -> list[str]:
    from contract.clients.judging import scenarios

    return list(scenarios())


def _requirements() -> list[str]:
    from contract.clients.judging import requirements

    found = requirements()
    return [*(one.id for one in found), *dict.fromkeys(one.family for one in found)]


@click.group("client", invoke_without_command=True)
@click.option(
    "--command",
    metavar="COMMAND",
    help="The program and its arguments, in one pair of quotes.",
)
@click.option(
    "--dialect",
    "dialects",
    multiple=True,
    metavar="DIALECT",
    shell_complete=completion.names(completion.dialects),
    help="The server that the mock plays (default: one of each dialect of "
    "/v1/chat/completions that separates the reasoning). Repeatable.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="SCENARIO",
    shell_complete=completion.names(_scenarios),
    help="Play only these: an id or a pattern such as 'thought*'. Repeatable.",
)
@click.option(
    "--select",
    multiple=True,
    metavar="REQUIREMENT",
    shell_complete=completion.names(_requirements),
    help="Judge only these: an id, a family such as retries, or a pattern. Repeatable.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="REQUIREMENT",
    shell_complete=completion.names(_requirements),
    help="Leave out these requirements. Repeatable.",
)
@click.option(
    "--timeout",
    metavar="TIME",
    default="30s",
    show_default=True,
    callback=options.timeout,
    help="For one scenario, from the start of the program to its end.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, MOST_JOBS),
    metavar="N",
    help="Programs that run at a time (default: one for each core, 4 at most).",
)
@click.option(
    "--one-process",
    is_flag=True,
    help="Start the program once for each dialect: it reads a task per line and prints "
    "a result per line.",
)
@options.reporting
@click.pass_context
def client_command(  # noqa: PLR0913  # each parameter is an option
    context: click.Context,
    /,
    *,
    command: str | None,
    dialects: tuple[str, ...],
    scenarios: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    timeout: float,
    jobs: int | None,
    one_process: bool,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
) -> int:
    """
    Judge the program COMMAND: what it sends, and what it makes of the replies.

    The mock plays scenarios (thinking chunks, renamed fields, calls in fragments, 429,
    cut streams, …) in each dialect. The program is started for each of them. It reads
    the task as a line of JSON from standard input, or the variables
    MAGISTRAL_CLIENT_BASE_URL, _API_KEY, _MODEL and _TASK, and prints a line of JSON:

    \b
      {"answer": "…", "reasoning": "…", "tool_calls": […], "usage": {…}}

    Only what it prints is judged; docs/client.md describes the protocol.

    \b
      magistral-contract client --command "python my_program.py"
      magistral-contract client --command "node chat.mjs" --dialect vllm
      magistral-contract client list

    The exit codes are those of `verify`.
    """  # noqa: D301  # click keeps the lines after \b
    if context.invoked_subcommand is not None:
        return 0
    from contract.clients import judging
    from contract.clients.program import read_command
    from contract.run.select import select as selected

    if command is None:
        raise click.UsageError(
            'Name the program, as in --command "python my_program.py"', context
        )
    words = read_command(command)
    chosen = selected(judging.requirements(), select, ignore)
    played = judging.chosen_scenarios(scenarios)
    played = judging.needed_scenarios(played, chosen)
    profiles = tuple(
        dict.fromkeys(
            judging.dialect_named(name).id
            for name in dialects or judging.default_dialects()
        )
    )
    extra = ["--one-process"] if one_process else []

    def again(dialect: str, check: str) -> str:
        first = ["magistral-contract", "client", "--command", command, *extra]
        return shlex.join([*first, "--select", check, "--dialect", dialect])

    plan = judging.Plan(
        command=words,
        dialects=profiles,
        scenarios=played,
        requirements=chosen,
        timeout=timeout,
        jobs=jobs or min(4, os.cpu_count() or 1),
        one_process=one_process,
        strict=strict,
        again=again,
    )
    code = 0
    try:
        found = judging.judge_program(plan, _progress(quiet=quiet))
    except judging.Interrupted as error:
        found, code = error.report, INTERRUPTED
    undelivered = deliver(found, report, quiet=quiet, verbose=verbose, color=color)
    return worst(code, found.exit_code, undelivered)


def _progress(*, quiet: bool) -> Callable[[str, int, int], None]:
    """Return what shows progress: a line on a terminal that is written over."""

    def show(dialect: str, done: int, all_of: int) -> None:
        if quiet or sys.stderr is None or not sys.stderr.isatty():
            return
        end = "\r" if done < all_of else "\r\x1b[K"
        click.echo(f"{dialect}: {done} of {all_of} scenarios{end}", nl=False, err=True)

    return show


@client_command.command("list")
@options.appearance
def list_scenarios(*, color: bool | None) -> int:
    """List the requirements, and the scenarios in which they are judged."""
    from contract.clients import judging

    click.echo(
        _listing(judging.requirements(), tuple(judging.scenarios().values())),
        nl=False,
        color=color,
    )
    return 0


def _listing(
    requirements: tuple[Requirement, ...], scenarios: tuple[Scenario, ...]
) -> str:
    """Return requirements by topic, then the scenarios, as text."""
    lines: list[str] = []
    for topic in dict.fromkeys(one.family for one in requirements):
        lines.append(click.style(topic, bold=True))
        for one in (one for one in requirements if one.family == topic):
            where = ", ".join(s.id for s in one.on) or "every scenario"
            lines += [
                f"  {one.id}   {one.level}",
                f"      {one.requirement}",
                f"      in      {where}",
                f"      source  {one.source}",
            ]
        lines.append("")
    lines.append(click.style("scenarios", bold=True))
    lines += [f"  {one.id:<36}{one.title}" for one in scenarios]
    total = f"{len(requirements)} requirements, {len(scenarios)} scenarios."
    return "\n".join([*lines, "", total, ""])
