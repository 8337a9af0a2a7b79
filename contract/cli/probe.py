"""`probe`: tell with three requests whether a server is ready."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from contract.cli import options
from contract.errors import UsageError

if TYPE_CHECKING:
    from contract.probing.question import Question

TIMEOUT = "2s"
_TINY = "tiny"  # the argument of the targets with a scripted model


@click.command("probe")
@options.one_target("URL|TARGET", "The model that must be served.")
@click.option(
    "--context-window",
    type=click.IntRange(2),
    metavar="N",
    help="The context window in tokens that the server must have at least.",
)
@click.option(
    "--timeout",
    "limit",
    metavar="TIME",
    default=TIMEOUT,
    show_default=True,
    callback=options.timeout,
    help="For all requests together.",
)
@click.option("--ask", metavar="TEXT", help="Ask this instead of a sum.")
@click.option("--expect", metavar="TEXT", help="What the answer to --ask must contain.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.pass_context
def probe_command(context: click.Context, /, **settings: Any) -> int:
    """
    Tell with at most three requests whether a server is ready, on one line.

    The model list is read, and a sum of two random numbers is asked as a stream. The
    server is ready if the answer is right, if reasoning and answer are separated, and
    if the model and the context window are the wanted ones.

    \b
      magistral-contract probe http://127.0.0.1:8000/v1 --timeout 5s
      magistral-contract probe http://127.0.0.1:8000/v1 --context-window 131072 --json

    \b
    Exit codes
      0  ready
      1  not ready: starting, stuck, failing, gibberish, parser off, wrong model, …
      2  the command line or a file is wrong
      3  not known: unreachable, unauthorised, rate limited, slow, not recognised
      4  this program failed
    """  # noqa: D301  # click keeps the lines after \b
    given = settings["target"] or options.configured_target(context, "to probe")
    if given is None:
        raise UsageError(
            "Name a URL or a target to probe, e.g. http://127.0.0.1:8000/v1."
        )
    result = probed(given, **{**settings, "target": None})
    if settings["as_json"]:
        click.echo(json.dumps(result.json))
    else:
        click.echo(result.line)
    return int(result.exit_code)


def probed(given: str, **settings: Any) -> Any:
    """Return the result for the target *given*, which is opened for the time."""
    from contract.client.credentials import api_key
    from contract.client.route import Route

    question = _question(settings["ask"], settings["expect"])
    profiles = None
    if settings["profiles"]:
        from contract.cli import outputs

        profiles = outputs.profiles(settings["profiles"])
    route = Route.read(settings["header"], settings["header_env"], settings["proxy"])
    key, variable = api_key(settings["api_key_env"], os.environ)
    wanted = {
        "profiles": profiles,
        "route": route,
        "window": settings["context_window"],
        "timeout": settings["limit"],
    }
    # A URL is read without importing the other kinds of target.
    if given.partition("://")[0] in {"http", "https"}:
        from contract.targets.url import read

        return _sent(read(given), settings, wanted, question, key, variable)
    from contract.plugins.discovery import find
    from contract.run.opening import reply_changes
    from contract.targets.base import TargetKind, parse_target

    target = parse_target(given, find("targets", TargetKind), reply_changes())
    if question is None and target.argument == _TINY:
        from contract.probing.question import Question

        question = Question.scripted()
    with target.open() as opened:
        return _sent(opened, settings, wanted, question, key, variable)


def _sent(  # noqa: PLR0913, PLR0917  # what the caller has read
    opened: Any,
    settings: dict[str, Any],
    wanted: dict[str, Any],
    question: Question | None,
    key: str | None,
    variable: str,
) -> Any:
    from contract.catalog.profiles import builtin
    from contract.probing.probe import probe

    profile = settings["profile"] or opened.profile
    known = wanted["profiles"] or builtin()
    route = wanted["route"]
    if (named := known.get(profile or "")) is not None:
        route = route.with_headers(named.headers, os.environ)
    sent = opened.key if opened.key is not None else key
    route.ensure_one_key(variable if sent else None)
    return probe(
        opened.url,
        **{**wanted, "route": route},
        profile=profile,
        model=settings["model"] or opened.model,
        key=sent,
        variable=variable,
        question=question,
    )


def _question(ask: str | None, expect: str | None) -> Question | None:
    """Return the question of the options; None for the fresh sum."""
    if ask is None and expect is None:
        return None
    if not (ask or "").strip() or not (expect or "").strip():
        raise UsageError(
            "Give --ask and --expect together, e.g. --ask 'Name the capital of "
            "France.' --expect Paris."
        )
    from contract.probing.question import Question

    return Question(str(ask), str(expect).strip())
