"""`load`: send many requests, measure them, and judge a sample of the replies."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.cli import completion, options
from contract.errors import UsageError

if TYPE_CHECKING:
    from contract.cli.load_reports import LoadReporter

MOST_PROCESSES = 64
WEB_PORT, MASTER_PORT = 8089, 5557  # as Locust has them


def _ensure_installed() -> None:
    from contract.load.extra import ensure_installed

    ensure_installed()


def _rate(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> float | None:
    from contract.load.schedule import rate_of

    return None if value is None else rate_of(value)


def _budget(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, float]:
    from contract.cli.budgets import bounds
    from contract.load.measure import BUDGETS

    found = bounds(pairs)
    for name in found:
        if name not in BUDGETS:
            raise UsageError(
                f"The budget {name} needs requests of their own; verify judges it. "
                f"load knows {', '.join(BUDGETS)}."
            )
    return found


def _reports(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> tuple[tuple[LoadReporter, str], ...]:
    if not pairs:
        return ()
    _ensure_installed()
    from contract.cli.load_reports import REPORTERS
    from contract.cli.outputs import destinations

    return destinations(pairs, REPORTERS)


def _sweep(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[str, tuple[float, ...]] | None:
    from contract.load.plan import MOST_USERS
    from contract.load.schedule import rate_of

    if value is None:
        return None
    what, _, steps = value.partition("=")
    words = [word.strip() for word in steps.split(",") if word.strip()]
    if what not in {"users", "rate"} or not 2 <= len(words) <= 20:  # noqa: PLR2004  # of a picture
        raise UsageError(
            "--sweep takes 2 to 20 steps, such as users=1,2,4,8 or rate=0.5,1,2, not "
            f"{value!r}."
        )
    if what == "rate":
        return what, tuple(map(rate_of, words))
    if not all(word.isascii() and word.isdigit() and len(word) < 6 for word in words):  # noqa: PLR2004  # digits
        raise UsageError(f"The users of --sweep are whole numbers, not {steps!r}.")
    users = tuple(float(word) for word in words)
    if not all(1 <= number <= MOST_USERS for number in users):
        raise UsageError(f"The users of --sweep must be from 1 to {MOST_USERS}.")
    return what, users


@click.command("load")
@click.argument(
    "target",
    required=False,
    metavar="[TARGET]",
    shell_complete=completion.names(completion.targets),
)
@partial(options.configuration, only=options.REACHED_BY)
@click.option(
    "--users",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="A closed model: N users, each of whom waits for the reply before the next "
    "request.",
)
@click.option(
    "--rate",
    metavar="R",
    callback=_rate,
    help="An open model: R requests per second, however long the replies take.",
)
@click.option(
    "--trace",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An open model: requests at these times, a number of seconds on each line.",
)
@click.option(
    "--arrivals",
    type=click.Choice(["constant", "poisson"]),
    default="poisson",
    show_default=True,
    help="How the requests of --rate follow each other.",
)
@click.option(
    "--sweep",
    metavar="users=N,…|rate=R,…",
    callback=_sweep,
    help="Run each of these loads for --duration, and find the knee.",
)
@click.option(
    "--duration",
    metavar="TIME",
    default="30s",
    show_default=True,
    callback=options.timeout,
    help="Measure this long.",
)
@click.option(
    "--warm-up",
    metavar="TIME",
    default="0s",
    show_default=True,
    callback=options.seconds,
    help="Before that, send without measuring.",
)
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    default="chat",
    show_default=True,
    help="chat, vision, long-context, tools, mixed, or a TOML file (docs/load.md).",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of prompts and times."
)
@click.option(
    "--same-prompt", is_flag=True, help="Send one prompt always, for a prefix cache."
)
@click.option(
    "--pause",
    metavar="TIME",
    default="0s",
    callback=options.seconds,
    help="Each user of a closed model waits this long between requests.",
)
@click.option(
    "--max-in-flight",
    type=click.IntRange(1, 10_000),
    default=256,
    show_default=True,
    metavar="N",
    help="Requests in flight at most, of an open model; others wait, and that counts.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Send no more than this for each load.",
)
@click.option(
    "--drain",
    metavar="TIME",
    default="30s",
    show_default=True,
    callback=options.timeout,
    help="Wait this long for the last replies.",
)
@click.option(
    "--max-lag",
    metavar="TIME",
    default="50ms",
    show_default=True,
    callback=options.timeout,
    help="If this program reacts later (p95), its figures are inconclusive.",
)
@click.option(
    "--budget",
    multiple=True,
    metavar="NAME=TIME",
    callback=_budget,
    help="What a good request keeps, and the p95 of all, e.g. ttft=1.5s or "
    "tokens_per_second=20. Repeatable.",
)
@options.profile
@click.option("--model", metavar="NAME", help="The model to request.")
@options.api_key
@options.route
@options.offer
@click.option(
    "--timeout",
    metavar="TIME",
    default="120s",
    show_default=True,
    callback=options.timeout,
    help="For a whole request.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, MOST_PROCESSES),
    default=1,
    show_default=True,
    metavar="N",
    help="Send from N processes of this machine.",
)
@click.option("--master", is_flag=True, help="Send from workers, on other machines.")
@click.option("--worker", is_flag=True, help="Send for the master at --master-host.")
@click.option("--master-host", metavar="HOST", help="Where the master of a worker is.")
@click.option(
    "--master-bind-host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="The address at which a master waits for workers.",
)
@click.option(
    "--master-port",
    type=click.IntRange(1, 65_535),
    default=MASTER_PORT,
    show_default=True,
    metavar="N",
    help="The port of the master.",
)
@click.option(
    "--expect-workers",
    type=click.IntRange(1, MOST_PROCESSES),
    default=1,
    show_default=True,
    metavar="N",
    help="The workers that a master waits for.",
)
@click.option(
    "--worker-timeout",
    metavar="TIME",
    default="60s",
    show_default=True,
    callback=options.timeout,
    help="How long it waits.",
)
@click.option(
    "--yes-i-own-it",
    metavar="HOST",
    help="Confirm that you may load this host, unless it is this machine.",
)
@click.option("--web", is_flag=True, help="Serve Locust's page on this machine.")
@click.option(
    "--web-port",
    type=click.IntRange(1, 65_535),
    default=WEB_PORT,
    show_default=True,
    metavar="N",
    help="Its port.",
)
@click.option(
    "--save",
    metavar="DIR",
    help="Save the sampled exchanges, for `replay` (default: those that failed, in "
    "magistral-load).",
)
@click.option("--no-save", is_flag=True, help="Save no exchange.")
@click.option("--locust-csv", metavar="PREFIX", help="Write the tables of Locust.")
@click.option("--locust-html", metavar="FILE", help="Write the page of Locust.")
@click.option(
    "--strict", is_flag=True, help="Fail the run if a SHOULD fails, such as a budget."
)
@click.option(
    "--report",
    multiple=True,
    metavar="KIND=PATH",
    callback=_reports,
    help="Write a report too. KIND is csv, html, json or markdown. PATH - is standard "
    "output. Repeatable.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print the verdict only.")
@click.option(
    "-v", "--verbose", is_flag=True, help="List passed and skipped checks too."
)
@options.appearance
@click.pass_context
def load_command(context: click.Context, /, **settings: Any) -> int:
    """
    Send many requests to TARGET, measure them, and judge what comes back.

    Every reply is classed, and a random sample and all that looks suspicious is judged
    by the requirements of `verify` that hold for any reply. A TARGET is what it is for
    `verify`. Loading a host other than this machine needs --yes-i-own-it HOST.

    \b
    Exit codes
      0  PASSED
      1  FAILED: a reply is wrong, cut off or missing (with --strict, or a budget)
      2  the command line or a file is wrong
      3  INCONCLUSIVE: the target is unreachable, the run was not whole, or this
         program was too busy to measure
      4  ERROR: a check crashed, or this program did
    130  interrupted; the results until then are reported
    """  # noqa: D301  # click keeps the lines after \b
    _ensure_installed()
    from contract.cli.loading import load_target, work_for_master

    if settings["worker"]:
        return work_for_master(**settings)
    settings["target"] = settings["target"] or options.configured_target(
        context, "to load"
    )
    return load_target(**settings)
