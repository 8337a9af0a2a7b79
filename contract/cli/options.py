"""Options that several verbs share: selection, profile, reports, appearance."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contract.cli import completion
from contract.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from contract.cli.outputs import Output
    from contract.model.check import Check
    from contract.model.profile import Capability

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _outputs(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> tuple[Output, ...]:
    from contract.cli.outputs import outputs

    return outputs(pairs)


def seconds(
    _context: click.Context, option: click.Parameter, value: str | None
) -> float | None:
    """
    Return a duration such as `80ms` in seconds; None if the option is not given.

    A callback of click. Raises `UsageError` for anything else.
    """
    from contract.model.duration import parse_duration

    return None if value is None else parse_duration(option.opts[0], value)


def timeout(
    context: click.Context, option: click.Parameter, value: str | None
) -> float | None:
    """Return a duration in seconds as `seconds` does; it must be positive."""
    duration = seconds(context, option, value)
    if duration is not None and duration <= 0:
        raise UsageError(f"{option.opts[0]} must be longer than {value}, e.g. 30s.")
    return duration


def _budget(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, float]:
    from contract.cli.budgets import bounds

    return bounds(pairs)


def budget(command: F) -> F:
    """Add `--budget` to *command*."""
    return click.option(
        "--budget",
        multiple=True,
        metavar="NAME=TIME",
        callback=_budget,
        help="Check latency against this bound, e.g. ttft=1.5s or "
        "tokens_per_second=20. Repeatable.",
    )(command)


def route(command: F) -> F:
    """Add `--header`, `--header-env` and `--proxy` to *command*."""
    for option in (
        click.option(
            "--proxy",
            metavar="URL",
            help="Send through this HTTP proxy (default: HTTPS_PROXY, HTTP_PROXY, "
            "ALL_PROXY, NO_PROXY; never for this machine).",
        ),
        click.option(
            "--header-env",
            multiple=True,
            metavar="NAME=VARIABLE",
            help="Send this header too, with the value of the variable. Repeatable.",
        ),
        click.option(
            "--header",
            multiple=True,
            metavar="'NAME: VALUE'",
            help="Send this header with each request too, e.g. 'X-Tenant: blue'; its "
            "value is not shown anywhere. Repeatable.",
        ),
    ):
        command = option(command)
    return command


def _configured(
    context: click.Context,
    option: click.Parameter,
    value: Any,
    only: Collection[str] | None = None,
) -> Any:
    """Let the settings of a file be the defaults, once both options are known."""
    from contract.cli import config

    given = context.meta.setdefault("contract.config", {})
    given[option.name] = value
    if len(given) < 2:  # noqa: PLR2004  # --config and --no-config
        return value
    if given["config"] and given["no_config"]:
        raise UsageError("Give --config or --no-config, not both.")
    if given["no_config"]:
        return value
    file = given["config"]
    found = config.read(Path(file)) if file else config.discover(_current_folder())
    context.meta["contract.settings"] = found
    context.default_map = {
        config.BOUNDS.get(name, name): setting
        for name, setting in found.values.items()
        if only is None or name in only
    }
    return value


def _current_folder() -> Path:
    """Return the current folder; raise `UsageError` if it was removed."""
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(
            f"The current folder cannot be read: {error.strerror}. Change to another "
            "one with cd."
        ) from error


def configuration(command: F, only: Collection[str] | None = None) -> F:
    """
    Add `--config` and `--no-config` to *command*: defaults of its options.

    *only* names the settings that the command takes; None: all of those it has.
    """
    callback = partial(_configured, only=only)
    for option in (
        click.option(
            "--no-config",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=callback,
            help="Read no settings from a file.",
        ),
        click.option(
            "--config",
            metavar="FILE",
            is_eager=True,
            expose_value=False,
            callback=callback,
            help="Read settings from this TOML file (default: [tool.magistral-contract]"
            " in the nearest pyproject.toml).",
        ),
    ):
        command = option(command)
    return command


# How a target is reached and what it is; the rest is of `verify`.
REACHED_BY = frozenset(
    {"profile", "profiles", "model", "api_key_env", "header_env", "proxy", "offer"}
)


def configured_target(context: click.Context, purpose: str) -> str | None:
    """
    Return the only target of the settings; None without one.

    Raises `UsageError` if there are several; *purpose* says what one is needed for.
    """
    found = context.meta.get("contract.settings")
    targets = () if found is None else found.values.get("targets", ())
    if len(targets) > 1:
        raise UsageError(f"The settings name several targets; name the one {purpose}.")
    return str(targets[0]) if targets else None


def one_target(metavar: str, model: str = "The model to request.") -> Decorator:
    """
    Add one target, and how it is reached, to a command.

    Those are the settings, the profile, the model, the API key, and the route. The
    argument is called *metavar* in the help, where *model* describes `--model`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for add in (
            route,
            api_key,
            click.option("--model", metavar="NAME", help=model),
            profile,
            configuration,
            click.argument(
                "target",
                required=False,
                metavar=metavar,
                shell_complete=completion.names(completion.targets),
            ),
        ):
            command = add(command)
        return command

    return decorate


def listening(port: int) -> Decorator:
    """Add `--host` and `--port`, whose default is *port*, to a command that listens."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option(
                "--port",
                metavar="N",
                type=click.IntRange(0, 65_535),
                default=port,
                show_default=True,
                help="The port to listen on; 0 chooses a free one.",
            ),
            click.option(
                "--host",
                default="127.0.0.1",
                show_default=True,
                metavar="ADDRESS",
                help="The address to listen on.",
            ),
        ):
            command = option(command)
        return command

    return decorate


def _offers(
    _context: click.Context, _option: click.Parameter, names: tuple[str, ...]
) -> frozenset[Capability]:
    from contract.cli.offers import capabilities

    return capabilities(names)


def offer(command: F) -> F:
    """Add `--offer` to *command*."""
    return click.option(
        "--offer",
        multiple=True,
        metavar="CAPABILITY",
        callback=_offers,
        shell_complete=completion.names(completion.capabilities),
        help="Check this capability too, e.g. follows-instructions for a model with "
        "real weights. Repeatable.",
    )(command)


def selection(command: F) -> F:
    """Add `--select` and `--ignore` to *command*."""
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
            help="Run only these checks: an id, a family, or a pattern such as "
            "'*.usage*'. Repeatable.",
        ),
    ):
        command = option(command)
    return command


def selected(
    select: tuple[str, ...], ignore: tuple[str, ...], *, trust_plugins: bool
) -> tuple[Check, ...]:
    """
    Return the checks that `--select` and `--ignore` leave.

    Raises `UsageError` if nothing is left, or if one of a plug-in is not proven and
    *trust_plugins* is false.
    """
    from contract.testing.proof import select_checks

    return select_checks(select, ignore, trust_plugins=trust_plugins)


def trust(command: F) -> F:
    """Add `--trust-plugins` to *command*."""
    return click.option(
        "--trust-plugins",
        is_flag=True,
        help="Run checks of plug-ins that no fault has been shown to break, too.",
    )(command)


def profile(command: F) -> F:
    """Add `--profile` and `--profiles` to *command*."""
    for option in (
        click.option(
            "--profiles",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE",
            help="A TOML file with your own profiles.",
        ),
        click.option(
            "--profile",
            metavar="ID",
            shell_complete=completion.names(completion.profiles),
            help="The profile of the server under test (default: detected).",
        ),
    ):
        command = option(command)
    return command


def api_key(command: F) -> F:
    """Add `--api-key-env` to *command*."""
    return click.option(
        "--api-key-env",
        metavar="NAME",
        help="The variable that holds the API key (default: MISTRAL_API_KEY, then "
        "OPENAI_API_KEY).",
    )(command)


def history_place(command: F) -> F:
    """Add `--history` to *command*."""
    return click.option(
        "--history",
        metavar="FILE|URL",
        envvar="MAGISTRAL_CONTRACT_HISTORY",
        help="The history of runs: an SQLite file, or postgresql://USER@HOST/DATABASE "
        "with the password in PGPASSWORD (default: MAGISTRAL_CONTRACT_HISTORY).",
    )(command)


def remembering(command: F) -> F:
    """Add `--history` and `--fail-on` to *command*."""
    for option in (
        click.option(
            "--fail-on",
            type=click.Choice(["any", "new"]),
            default="any",
            show_default=True,
            help="Fail for any failure, or only for what did not fail in the baseline "
            "or, without one, in the last run of the history.",
        ),
        click.option(
            "--history",
            metavar="FILE|URL",
            envvar="MAGISTRAL_CONTRACT_HISTORY",
            help="Store the run in this history, and say what changed since the last "
            "one: an SQLite file, or postgresql://USER@HOST/DATABASE with the password "
            "in PGPASSWORD (default: MAGISTRAL_CONTRACT_HISTORY).",
        ),
    ):
        command = option(command)
    return command


class _ReportOption(click.Option):
    """`--report`, whose help lists the kinds of report that are installed."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help; the reporters are imported only here."""
        self.help = (
            f"Write a report too. {_kinds()}PATH - is standard output. Repeatable."
        )
        return super().get_help_record(ctx)


def _kinds() -> str:
    """
    Return a sentence that lists the kinds of report.

    Each is a module of `contract.reporters`; those are named without being imported,
    since what they need takes longer to import than all other help.
    """
    folder = Path(__file__).resolve().parent.parent / "reporters"
    shared = {"attribution", "base", "changes"}
    kinds = sorted(p.stem for p in folder.glob("[a-z]*.py") if p.stem not in shared)
    return f"KIND is {', '.join(kinds)} or that of a plug-in. "


def reporting(command: F) -> F:
    """Add `--strict`, `--report`, `--quiet`, `--verbose` and `--color` to *command*."""
    for option in (
        appearance,
        click.option(
            "-v", "--verbose", is_flag=True, help="List passed and skipped checks too."
        ),
        click.option(
            "-q", "--quiet", is_flag=True, help="Print the verdict of each target only."
        ),
        click.option(
            "--report",
            cls=_ReportOption,
            multiple=True,
            metavar="KIND=PATH",
            callback=_outputs,
            shell_complete=completion.names(completion.reports),
        ),
        click.option(
            "--strict", is_flag=True, help="Fail the run if a SHOULD fails, too."
        ),
    ):
        command = option(command)
    return command


def behind(command: F) -> F:
    """Add `--behind` and what belongs to it to *command*."""
    for option in (
        click.option(
            "--behind-api-key-env",
            metavar="NAME",
            help="Variable with the API key of --behind; it gets no other key.",
        ),
        click.option(
            "--behind-model", metavar="NAME", help="The model to request of --behind."
        ),
        click.option("--behind-profile", metavar="ID", help="The profile of --behind."),
        click.option(
            "--behind",
            metavar="TARGET",
            help="The server behind this gateway: send it the same requests, say which "
            "of the two each failure is of, and what the gateway changed.",
        ),
    ):
        command = option(command)
    return command


def baseline(command: F) -> F:
    """Add `--baseline` to *command*."""
    return click.option(
        "--baseline",
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="Show what changed since this run: a report that --report json=FILE "
        "wrote, or a folder that --save wrote. It does not change the exit code.",
    )(command)


def appearance(command: F) -> F:
    """Add `--color/--no-color` to *command*."""
    return click.option(
        "--color/--no-color",
        default=None,
        help="Use colour (default: on a terminal, unless NO_COLOR is set).",
    )(command)


def console(color: bool | None, *, stderr: bool = False) -> Console:  # noqa: FBT001  # a tri-state from click
    """
    Return the console for text output.

    *color* is the option of that name; None decides by the terminal. *stderr* selects
    standard error instead of standard output.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    plain = stream is None or not stream.isatty()  # None: it is closed
    return Console(
        stderr=stderr,
        color_system="standard" if color and plain else "auto",
        force_terminal=True if color else None,
        no_color=None if color is None else not color,
        highlight=False,
        markup=False,
        emoji=False,
        # The width of a table in a file must not depend on the size of a window.
        width=None if not plain or "COLUMNS" in os.environ else 100,
    )
