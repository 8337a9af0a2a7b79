"""What several verbs are told in the same words: selection, reports, appearance."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from rich.console import Console

from contract.cli import completion
from contract.cli.budgets import bounds
from contract.cli.offers import (
    NAMES,
    capabilities,
)
from contract.cli.outputs import (
    Output,
    outputs,
)
from contract.errors import UsageError
from contract.model.profile import Capability
from contract.targets.base import parse_duration as parsed_seconds

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _outputs(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> tuple[Output, ...]:
    return outputs(pairs)


def seconds(
    _context: click.Context, option: click.Parameter, value: str | None
) -> float | None:
    """A duration such as `80ms` as seconds, for a click callback."""
    return None if value is None else parsed_seconds(option.opts[0], value)


def wait(
    context: click.Context, option: click.Parameter, value: str | None
) -> float | None:
    """As `seconds`, for a wait: it must be longer than nothing."""
    found = seconds(context, option, value)
    if found is not None and found <= 0:
        raise UsageError(f"{option.opts[0]} must be longer than {value}, e.g. 30s.")
    return found


def _budget(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, float]:
    return bounds(pairs)


def budget(verb: F) -> F:
    """`--budget`."""
    return click.option(
        "--budget",
        multiple=True,
        metavar="NAME=TIME",
        callback=_budget,
        help="Hold latency to this bound, e.g. ttft=1.5s or tokens_per_second=20. "
        "Repeatable.",
    )(verb)


def _offers(
    _context: click.Context, _option: click.Parameter, names: tuple[str, ...]
) -> frozenset[Capability]:
    return capabilities(names)


def offer(verb: F) -> F:
    """`--offer`."""
    return click.option(
        "--offer",
        multiple=True,
        metavar="CAPABILITY",
        callback=_offers,
        shell_complete=completion.names(lambda: NAMES),
        help="Hold it to this as well, e.g. follows-instructions for a model with real "
        "weights. Repeatable.",
    )(verb)


def selection(verb: F) -> F:
    """`--select` and `--ignore`."""
    complete = completion.names(completion.checks)
    for option in (
        click.option(
            "--ignore",
            multiple=True,
            metavar="CHECK",
            shell_complete=complete,
            help="Leave out these checks. Repeatable.",
        ),
        click.option(
            "--select",
            multiple=True,
            metavar="CHECK",
            shell_complete=complete,
            help="Only these: an id, a family, or a pattern such as '*.usage*'. "
            "Repeatable.",
        ),
    ):
        verb = option(verb)
    return verb


def profile(verb: F) -> F:
    """`--profile` and `--profiles`."""
    for option in (
        click.option(
            "--profiles",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE",
            help="A TOML file with profiles of your own.",
        ),
        click.option(
            "--profile",
            metavar="ID",
            shell_complete=completion.names(completion.profiles),
            help="What the provider promises; detected when not given.",
        ),
    ):
        verb = option(verb)
    return verb


def reporting(verb: F) -> F:
    """`--strict`, `--report`, and how much is said."""
    for option in (
        appearance,
        click.option(
            "-v", "--verbose", is_flag=True, help="Name passed and skipped checks too."
        ),
        click.option(
            "-q", "--quiet", is_flag=True, help="Print the verdict of each target only."
        ),
        click.option(
            "--report",
            multiple=True,
            metavar="KIND=PATH",
            callback=_outputs,
            shell_complete=completion.names(completion.reports),
            help="Write a report too: json, junit, markdown or console; PATH - is "
            "standard "
            "output. Repeatable.",
        ),
        click.option(
            "--strict", is_flag=True, help="A SHOULD that fails is a violation too."
        ),
    ):
        verb = option(verb)
    return verb


def appearance(verb: F) -> F:
    """`--color/--no-color`."""
    return click.option(
        "--color/--no-color",
        default=None,
        help="Colour the output or not; by default on a terminal without NO_COLOR.",
    )(verb)


def console(color: bool | None, *, stderr: bool = False) -> Console:  # noqa: FBT001  # a tri-state from click
    """Where people read; plain text when it is not a terminal."""
    plain = not (sys.stderr if stderr else sys.stdout).isatty()
    return Console(
        stderr=stderr,
        color_system="standard" if color and plain else "auto",
        force_terminal=True if color else None,
        no_color=None if color is None else not color,
        highlight=False,
        markup=False,
        emoji=False,
        # A table in a file should not depend on anybody's window.
        width=None if not plain or "COLUMNS" in os.environ else 100,
    )
