"""`budget`: measure a target, and propose latency budgets that the samples support."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.cli import options
from contract.cli.config import PYPROJECT, TABLE, Config
from contract.errors import UsageError
from contract.model.profile import RATES

if TYPE_CHECKING:
    from contract.run.budgeting import Evidence

SAMPLES = 100
MOST_SAMPLES = 100_000
INCONCLUSIVE = 3
_LEGEND = (
    "in brackets the 95 % interval of the percentile, for any distribution;",
    "? is an end that takes more samples: 72 for the upper one of p95, 368 for p99",
)


@click.command("budget")
@options.one_target("TARGET")
@click.option(
    "--samples",
    type=click.IntRange(1, MOST_SAMPLES),
    default=SAMPLES,
    show_default=True,
    metavar="N",
    help="Streams to measure, one at a time: 72 or more for the 95th percentile, 368 "
    "for the 99th.",
)
@click.option(
    "--percentile",
    type=click.Choice(["95", "99"]),
    default="95",
    show_default=True,
    help="The percentile that a budget is above.",
)
@click.option(
    "--headroom",
    type=click.FloatRange(0, 10),
    default=0.25,
    show_default=True,
    metavar="SHARE",
    help="How far a budget is above the upper end of the interval.",
)
@click.option("--write", is_flag=True, help=f"Write the budgets into {PYPROJECT}, too.")
@click.option("--force", is_flag=True, help="Replace the budgets that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def budget_command(context: click.Context, /, **settings: Any) -> int:
    """
    Measure TARGET, and propose budgets with the evidence for them.

    The proposal is the upper end of the 95 % interval of the percentile, which holds
    for any distribution, with headroom. Paste it into pyproject.toml, or give --write;
    `verify` then judges by it.

    \b
    Exit codes
      0  budgets are proposed
      2  the command line or a file is wrong, or the samples are too few
      3  the target could not be measured, or too few samples were answered
    """  # noqa: D301  # click keeps the lines after \b
    from contract.run.budgeting import too_few

    percent = int(settings["percentile"])
    if few := too_few(settings["samples"], percent):
        raise UsageError(few)
    found = context.meta.get("contract.settings") or Config()
    target = settings["target"] or _configured(found.values.get("targets", ()))
    path = Path(found.name or PYPROJECT)
    if settings["write"]:
        # Before anything is measured for minutes.
        _table(path, target, ("ttft=1s",), force=settings["force"])
    evidence = _measured(target, settings, percent)
    if settings["as_json"]:
        click.echo(json.dumps(evidence.json))
    else:
        click.echo("\n".join(_lines(target, evidence)))
    if evidence.shortage:
        click.echo(f"error: {evidence.shortage}", err=True)
        return INCONCLUSIVE
    table = _table(
        path,
        target,
        as_settings(evidence),
        force=settings["force"] or not settings["write"],
    )
    if settings["write"]:
        _write(path, table)
        click.echo(f"wrote {path}", err=settings["as_json"])
    elif not settings["as_json"]:
        click.echo(f"\nPaste this into {PYPROJECT}, or give --write:\n")
        click.echo(_snippet(target, evidence), nl=False)
    return 0


def _configured(targets: Any) -> str:
    """Return the only target of the settings; raise `UsageError` if it is not one."""
    if len(targets) == 1:
        return str(targets[0])
    raise UsageError(
        "Name a target to measure, e.g. http://127.0.0.1:8000/v1."
        if not targets
        else "The settings name several targets; name the one to measure."
    )


def _measured(target: str, settings: dict[str, Any], percent: int) -> Evidence:
    from contract.cli import outputs
    from contract.cli.progress import Progress
    from contract.client.route import Route
    from contract.run.budgeting import measure
    from contract.run.opening import open_target
    from contract.targets.base import mask_key

    with (
        Progress(mask_key(target), 0, color=None, quiet=False) as progress,
        open_target(
            target,
            profile=settings["profile"],
            profiles=outputs.profiles(settings["profiles"]),
            model=settings["model"],
            key_env=settings["api_key_env"],
            route=Route.read(
                settings["header"], settings["header_env"], settings["proxy"]
            ),
            # The samples, and what opening and filling prompts take.
            max_requests=settings["samples"] + 100,
            tick=progress.sent,
        ) as verification,
    ):
        return measure(
            verification.session,
            settings["samples"],
            percent=percent,
            headroom=settings["headroom"],
        )


def as_settings(evidence: Evidence) -> tuple[str, ...]:
    """Return the budgets as `verify` takes them, such as `ttft=130ms`."""
    return tuple(
        f"{name}={_bound(name, value)}" for name, value in evidence.budgets.items()
    )


def _bound(name: str, value: float) -> str:
    if name in RATES:
        return f"{value:g}"
    return f"{value:g}s" if value >= 1 else f"{1_000 * value:g}ms"


def _lines(target: str, evidence: Evidence) -> list[str]:
    """Return the table of what was measured."""
    from contract.model.redaction import sanitise
    from contract.targets.base import mask_key

    answered = f"{evidence.answered} of {evidence.samples} samples answered"
    lines = [f"{sanitise(mask_key(target))}: {answered}, measured one at a time"]
    if evidence.trouble:
        lines.append(f"the first other one: {sanitise(evidence.trouble)}")
    lines += ["", f"{'':<18}{'p50':<26}{'p95':<26}{'p99':<26}budget"]
    for one in evidence.metrics:
        cells = "".join(f"{_cell(one.name, b):<26}" for b in one.bounds.values())
        budget = evidence.budgets.get(one.name)
        shown = "" if budget is None else _bound(one.name, budget)
        lines.append(f"{one.name:<18}{cells}{shown}".rstrip())
    others = set(evidence.budgets) - {one.name for one in evidence.metrics}
    lines += [
        f"{name:<18}{'(range of prompts of 1,000 and 8,000 tokens)':<78}"
        f"{_bound(name, evidence.budgets[name])}"
        for name in sorted(others)
    ]
    return [*lines, "", *_LEGEND]


def _cell(name: str, bounds: Any) -> str:
    """Return a percentile with its interval; of a rate, the slow end comes first."""
    low, high = bounds.low, bounds.high
    if name in RATES:
        low, high = high and 1 / high, low and 1 / low
        return f"{1 / bounds.seen:.3g} ({_number(low)} to {_number(high)})"
    return f"{_time(bounds.seen)} ({_time(low)} to {_time(high)})"


def _number(value: float | None) -> str:
    return "?" if not value else f"{value:.3g}"


def _time(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:.3g}s" if value >= 1 else f"{1_000 * value:.3g}ms"


def _snippet(target: str, evidence: Evidence) -> str:
    from contract.cli.config import as_toml
    from contract.targets.base import mask_key

    return as_toml({"targets": (mask_key(target),), "budget": as_settings(evidence)})


def _table(path: Path, target: str, budget: tuple[str, ...], *, force: bool) -> str:
    """
    Return the text of the file *path* with *budget* in its settings.

    Other settings stay. Raises `UsageError` if it has budgets and *force* is false, if
    it cannot be changed safely, or if the target has a key.
    """
    from contract.cli.scaffolding import with_table
    from contract.targets.base import mask_key

    if mask_key(target) != target:
        raise UsageError(
            "The target has a key, which would be written into the file; leave it out."
        )
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        known = tomllib.loads(text).get("tool", {}).get(TABLE, {})
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}.") from error
    if path.name != PYPROJECT and text.strip() and not known:
        raise UsageError(
            f"{path} has no table [tool.{TABLE}], so nothing is written into it; "
            "leave out --write, and paste the budgets."
        )
    values = {key.replace("-", "_"): value for key, value in known.items()}
    if values.get("budget") and not force:
        raise UsageError(
            f"{path} has budgets already; nothing was written. Replace them with "
            "--force."
        )
    return with_table(
        path, {"targets": (target,), **values, "budget": budget}, force=True
    )


def _write(path: Path, text: str) -> None:
    from contract.files.replacing import replace_file

    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
