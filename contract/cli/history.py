"""`history`: list, show, draw, export and remove the runs of a history."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contract.cli import completion, options
from contract.cli.delivery import deliver
from contract.cli.outputs import Destination, Output
from contract.cli.remembering import ensure_installed, opened
from contract.errors import UsageError
from contract.model.duration import parse_period
from contract.model.escape import escape_controls, escape_json
from contract.plugins.discovery import suggestion
from contract.reporters.base import moment
from contract.reporters.page.pictures import duration

if TYPE_CHECKING:
    from rich.text import Text

    from contract.history.store import History, Run
    from contract.history.trend import Trend

F = TypeVar("F", bound=Callable[..., Any])
MOST_LAST = 1_000  # runs of a trend
LISTED = 20
TREND = 60
FEW_CHECKS = 40  # of a trend
_STYLES = {0: "green", 1: "bold red"}


@click.group("history")
def history_command() -> None:
    """
    List, show, draw, export and remove runs that `verify --history` stored.

    Each of them takes --history FILE|URL; without it, the history that
    MAGISTRAL_CONTRACT_HISTORY or [tool.magistral-contract] in pyproject.toml names.
    """


def _last(default: int | None, most: int | None = None) -> Callable[[F], F]:
    shown = "all" if default is None else str(default)
    return click.option(
        "--last",
        type=click.IntRange(1, most),
        default=default,
        metavar="N",
        help=f"Only the newest runs (default: {shown}).",
    )


_target = click.option(
    "--target", metavar="TARGET", help="Only the runs of this target, as list names it."
)


def _open(place: str | None, *, read_only: bool = True) -> History:
    """Return the history at *place*; raise `UsageError` if none is named."""
    if place is None:
        raise UsageError(
            'No history is named; add --history FILE, or put history = "FILE" into '
            "[tool.magistral-contract] of pyproject.toml."
        )
    return opened(place, read_only=read_only)


@history_command.command("list")
@options.configuration
@options.history_place
@_target
@_last(LISTED)
@options.appearance
def list_runs(
    *, history: str | None, target: str | None, last: int, color: bool | None
) -> int:
    """List runs, the newest first."""
    from rich.text import Text

    console = options.console(color)
    found = _open(history)
    number = 0
    for number, run in enumerate(found.runs(target=target, last=last), 1):
        if number == 1:
            console.print(
                Text(
                    f"{'run':>7}  {'began':<20}  {'verdict':<15} {'failed':>6} "
                    f"{'broke':>6}  target",
                    "dim",
                )
            )
        broke = "" if run.broken is None else str(run.broken)
        console.print(
            Text.assemble(
                f"{run.id:>7}  {moment(run.started):<20}  ",
                (f"{run.verdict:<15}", _STYLES.get(run.exit_code, "magenta")),
                f" {run.failed:>6} {broke:>6}  {escape_controls(run.target)}",
                (f"  {escape_controls(run.profile)}" if run.profile else "", "dim"),
                (f"  {run.kind}" if run.kind != "verify" else "", "dim"),
            ),
            soft_wrap=True,
        )
    if not number:
        _ensure_target(found, target)
    return 0


@history_command.command("show")
@click.argument("run", type=click.IntRange(1, 2**31 - 1), metavar="RUN")
@options.configuration
@options.history_place
@options.reporting
def show_run(  # noqa: PLR0913  # each parameter is an option
    *,
    run: int,
    history: str | None,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
) -> int:
    """Show the report of RUN, a number of `history list`, in any format."""
    from dataclasses import replace

    found = _open(history).compared(run)
    found = replace(found, strict=found.strict or strict)
    return deliver(found, report, quiet=quiet, verbose=verbose, color=color)


@history_command.command("trend")
@options.configuration
@options.history_place
@_target
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="CHECK",
    shell_complete=completion.names(completion.checks),
    help="Show this check: an id, a family or a pattern (default: those that did not "
    "only pass). Repeatable.",
)
@_last(TREND, MOST_LAST)
@options.appearance
def show_trend(
    *,
    history: str | None,
    target: str | None,
    checks: tuple[str, ...],
    last: int,
    color: bool | None,
) -> int:
    """
    Show what the checks and the latencies of each target did, from run to run.

    A column is a run, the newest on the right: . passed, F failed, w waived, s skipped,
    E could not be judged. A bar is a percentile of a latency, from 0 to the largest.
    """
    ensure_installed()
    from contract.history.trend import read_trend

    console = options.console(color)
    found = _open(history)
    _ensure_target(found, target)
    names = dict.fromkeys(name for name, _ in found.targets())
    bars = _can_show_bars(console.encoding)
    for number, name in enumerate(n for n in names if target in {None, n}):
        if number:
            console.print()
        trend = read_trend(found, name, last=last, patterns=checks)
        for line in _trend_lines(trend, checks, bars=bars):
            console.print(line, soft_wrap=True)
    return 0


def _can_show_bars(encoding: str) -> bool:
    from contract.history.trend import BARS

    try:
        BARS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _trend_lines(
    trend: Trend, patterns: tuple[str, ...], *, bars: bool
) -> Iterator[Text]:
    from rich.text import Text

    from contract.history.trend import BARS, DIGITS, sparkline

    runs = trend.runs
    yield Text.assemble(
        (escape_controls(trend.target), "bold"),
        f"   {len(runs)} runs, {runs[0].id} to {runs[-1].id}, "
        f"{moment(runs[0].started)} to {moment(runs[-1].started)}",
    )
    shown = trend.checks[:FEW_CHECKS]
    names = [one.check for one in shown] + [
        f"{one.metric} {one.percentile}" for one in trend.latencies
    ]
    width = max(map(len, ["verdict", *names]))
    verdict = "".join({0: ".", 1: "F"}.get(run.exit_code, "E") for run in runs)
    yield _colored("verdict", width, verdict)
    for one in shown:
        yield _colored(one.check, width, one.letters)
    if hidden := len(trend.checks) - len(shown):
        yield Text(f"  and {hidden} more checks; --check names them", "dim")
    if patterns and not shown:
        yield Text("  no run has these checks", "dim")
    for latency in trend.latencies:
        label = f"{latency.metric} {latency.percentile}"
        line = sparkline(latency.values, BARS if bars else DIGITS)
        last = "" if latency.last is None else duration(latency.last)
        yield Text.assemble(
            f"  {escape_controls(label):<{width}}  ", (line, "cyan"), f"  {last}"
        )


def _colored(name: str, width: int, letters: str) -> Text:
    from rich.text import Text

    styles = {".": "green", "F": "bold red", "w": "yellow", "E": "magenta"}
    return Text.assemble(
        f"  {escape_controls(name):<{width}}  ",
        *((letter, styles.get(letter, "dim")) for letter in letters),
    )


@history_command.command("html")
@click.argument("path", metavar="PATH")
@options.configuration
@options.history_place
@_target
@_last(TREND, MOST_LAST)
def write_page(*, path: str, history: str | None, target: str | None, last: int) -> int:
    """Write a page of the last runs to PATH, or to standard output (-)."""
    ensure_installed()
    from contract.history.page import render

    found = _open(history)
    _ensure_target(found, target)
    destination = Destination(path)
    destination.prepare()
    destination.write(render(found, target=target, last=last))
    return 0


@history_command.command("prune")
@options.configuration
@options.history_place
@click.option(
    "--keep",
    type=click.IntRange(1),
    metavar="N",
    help="Keep the newest N runs of each target and profile.",
)
@click.option(
    "--older-than",
    metavar="PERIOD",
    help="Remove only runs that began longer ago, e.g. 90d.",
)
def remove_runs(
    *, history: str | None, keep: int | None, older_than: str | None
) -> int:
    """Remove old runs; with both options, those that both of them name."""
    if keep is None and older_than is None:
        raise UsageError("Say what to remove: --keep N, --older-than 90d, or both.")
    before = None
    if older_than is not None:
        age = timedelta(seconds=parse_period("--older-than", older_than))
        before = (datetime.now(UTC) - age).isoformat(timespec="seconds")
    # An empty or missing history is an error here, as it is for the other verbs.
    _open(history)
    removed = _open(history, read_only=False).prune(keep=keep, before=before)
    click.echo(f"{removed} run{'' if removed == 1 else 's'} removed.")
    return 0


@history_command.command("export")
@click.argument("format", type=click.Choice(["csv", "json"]), default="csv")
@options.configuration
@options.history_place
@_target
@_last(None)
def export_runs(
    *, format: str, history: str | None, target: str | None, last: int | None
) -> int:
    """
    Print runs, the newest first: csv (the default) or json.

    CSV has a row for each run with its counts and latencies. JSON has a line for each
    run with its whole report (report-v1).
    """
    found = _open(history)
    runs = found.runs(target=target, last=last)
    lines = _csv_lines(found, runs) if format == "csv" else _json_lines(found, runs)
    for line in lines:
        click.echo(line, nl=False)
    return 0


def _csv_lines(history: History, runs: Iterator[Run]) -> Iterator[str]:
    from contract.history.latency import METRICS, PERCENTILES
    from contract.history.store import Run

    columns = [f"{metric}_{p}" for metric in METRICS for p in PERCENTILES]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*Run.__dataclass_fields__, *columns])
    for portion in _portions(runs):
        measured = history.latencies(run.id for run in portion)
        for run in portion:
            values = {
                f"{one.metric}_{p}": f"{getattr(one, p).seen:.6f}"
                for one in measured.get(run.id, ())
                for p in PERCENTILES
            }
            cells = [*asdict(run).values(), *(values.get(c, "") for c in columns)]
            rows.writerow([_cell(cell) for cell in cells])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _cell(value: object) -> object:
    """Return *value* so that no spreadsheet takes a text for a formula."""
    if not isinstance(value, str):
        return value
    shown = escape_controls(value)
    return f"'{shown}" if shown[:1] in {"=", "+", "-", "@"} else shown


def _portions(runs: Iterator[Run], size: int = 500) -> Iterator[list[Run]]:
    portion: list[Run] = []
    for run in runs:
        portion.append(run)
        if len(portion) == size:
            yield portion
            portion = []
    if portion:
        yield portion


def _json_lines(history: History, runs: Iterator[Run]) -> Iterator[str]:
    for run in runs:
        document = {"run": run.id, "kind": run.kind, **history.document(run.id)}
        yield escape_json(json.dumps(document, separators=(",", ":"))) + "\n"


def _ensure_target(history: History, target: str | None) -> None:
    """Raise `UsageError` if *history* has no run of *target*, or none at all."""
    names = dict.fromkeys(name for name, _ in history.targets())
    if not names:
        raise UsageError(f"{history.name} has no runs.")
    if target is not None and target not in names:
        raise UsageError(
            f"{history.name} has no run of {target!r}{suggestion(target, names)}"
        )
