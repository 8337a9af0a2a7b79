"""`serve --verdicts`: the verdicts of a saved run, or of runs on demand, over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
from click.core import ParameterSource
from rich.text import Text

from contract.cli import options, outputs
from contract.client.credentials import api_key
from contract.client.route import Route
from contract.errors import UsageError
from contract.mock_server.app import run_forever
from contract.mock_server.hosts import is_loopback_address
from contract.mock_server.json_app import json_app
from contract.model.escape import escape_controls
from contract.model.redaction import register_secret
from contract.plugins.discovery import find
from contract.reporters.base import verdict
from contract.run.opening import open_recordings, reply_changes
from contract.run.reading import read_report
from contract.run.report import Report
from contract.targets.base import TargetKind, mask_key, parse_target
from contract.verdicts.runs import Runs
from contract.verdicts.serving import VerdictServer

# The options of `serve` that verdicts have too; the others are of the mock.
SHARED = frozenset({"verdicts", "token_env", "words", "host", "port", "allow_host"})
_APPEARANCE = "color"
_JSON = ".json"


def serve_verdicts(  # noqa: PLR0913  # each parameter is an option
    context: click.Context,
    source: str,
    words: tuple[str, ...],
    *,
    token_env: str | None,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    color: bool | None,
) -> None:
    """
    Serve verdicts until Ctrl-C, which also ends the run that is going on.

    Args:
        context: The context of `serve`.
        source: A report that `--report json=FILE` wrote, a folder that `--save` wrote,
            or else a target.
        words: The options of `verify` for the runs on a target.
        token_env: The variable that holds the token; None demands none.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        allow_host: Further names that the Host header may have.
        color: Whether to use colour; None decides by the terminal.

    Raises:
        UsageError: An option is wrong, or the report cannot be read.
        TargetError: The address is not usable.
    """
    _refuse_options_of_the_mock(context)
    token = _token(token_env)
    local = is_loopback_address(host)
    if not local and token is None:
        raise UsageError(
            f"{host} can be reached from the network, and a run sends requests with "
            "your API key; add --token-env NAME."
        )
    report = _saved(source)
    if report is not None and words:
        raise UsageError(f"{source} is judged already; leave out {words[0]}.")
    runs = None if report is not None else _runs(source, words)
    server = VerdictServer(report=report, runs=runs, token=token)
    application = json_app(server.answer, hosts=allow_host if local else None)
    shown = _banner(mask_key(source), report, token_env)

    def ready(url: str) -> None:
        console = options.console(color)
        for name, value in shown(url):
            line = Text.assemble((f"{name:<9}", "dim"), escape_controls(value))
            console.print(line, soft_wrap=True)
        console.file.flush()
        if runs is not None:
            runs.start()

    try:
        run_forever(application, host, port, ready)
    finally:
        if runs is not None:
            runs.close()


def _refuse_options_of_the_mock(context: click.Context) -> None:
    """Raise `UsageError` if an option is given that verdicts do not have."""
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in SHARED | {_APPEARANCE}:
            raise UsageError(
                f"{parameter.opts[0]} is an option of the mock; leave it out, or write "
                f"options of verify after -- (serve --verdicts TARGET -- "
                "--select usage)."
            )


def _token(variable: str | None) -> str | None:
    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if not token:
        raise UsageError(f"The variable {variable} is not set; export it first.")
    if not all("!" <= character <= "~" for character in token):
        raise UsageError(
            f"The token in {variable} has characters that no header can hold; use "
            "printable ASCII without spaces."
        )
    register_secret(token)
    return token


def _saved(source: str) -> Report | None:
    """Return the report or the judged recording *source*; None if it is a target."""
    path = Path(source)
    if path.is_dir():
        recordings = open_recordings(path)
        checks = options.selected((), (), trust_plugins=False)
        return Report(
            headers=tuple(one.header for one in recordings),
            results=tuple(r for o in recordings for r in o.results(checks, slow=True)),
        )
    if path.is_file() or (path.suffix == _JSON and ":" not in source):
        return read_report(path)
    return None


def _runs(target: str, words: tuple[str, ...]) -> Runs:
    """
    Return the runs of *target* with the options *words* of `verify`.

    Raises `UsageError`, or an error of click, if a run could not start because of them.
    """
    from contract.cli.verify import verify_command

    with verify_command.make_context(
        "magistral-contract verify", [*words, "--", target]
    ) as context:
        given = context.params
        if len(given["targets"]) > 1:
            extra = next(one for one in given["targets"] if one != target)
            raise UsageError(
                f"{extra!r} is no option of verify; name one target, as --verdicts "
                f"{target}."
            )
        options.selected(
            given["select"], given["ignore"], trust_plugins=given["trust_plugins"]
        )
        outputs.profiles(given["profiles"])
        api_key(given["api_key_env"], os.environ)
        Route.read(given["header"], given["header_env"], given["proxy"])
    parse_target(target, find("targets", TargetKind), reply_changes())
    return Runs((target, *words))


def _banner(
    source: str, report: Report | None, variable: str | None
) -> Callable[[str], list[tuple[str, str]]]:
    """Return the labelled lines to print at the start, for the URL of the server."""
    header = f' -H "Authorization: Bearer ${variable}"' if variable else ""
    what = f"runs of verify {source}" if report is None else verdict(report)

    def lines(url: str) -> list[tuple[str, str]]:
        found = [
            ("serving", f"verdicts: {what}"),
            ("url", url),
            ("try", f"curl -s{header} '{url}/verdicts?wait=600'"),
        ]
        if report is None:
            found.append(("again", f"curl -s{header} -X POST {url}/runs"))
        return [*found, ("stop", "Ctrl-C")]

    return lines
