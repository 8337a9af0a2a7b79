"""`identify`: whether an endpoint serves the same model, by statistics."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.cli import options
from contract.errors import UsageError

if TYPE_CHECKING:
    from contract.identity.comparing import Comparison
    from contract.identity.fingerprint import Fingerprint

MOST_TOKENS = 60
LONG = 6_000


@click.command("identify")
@options.one_target("TARGET")
@click.option(
    "--save",
    metavar="FINGERPRINT",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what the endpoint replied to this file.",
)
@click.option(
    "--against",
    metavar="FINGERPRINT",
    help="Compare with this file, or with known:NAME, whose token counts travel with "
    "the package.",
)
@click.option(
    "--json",
    "as_json",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write the verdict as JSON (identity-v1); - is standard output.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(24, 1_000_000),
    default=MOST_TOKENS,
    show_default=True,
    metavar="N",
    help="Output tokens of all replies together.",
)
@click.option(
    "--long-prompt",
    type=click.IntRange(0, 100_000),
    default=LONG,
    show_default=True,
    metavar="N",
    help="Words of the one long prompt, which shows a cut context; 0 sends none.",
)
@click.pass_context
def identify_command(context: click.Context, /, **settings: Any) -> int:
    """
    Check whether TARGET serves the same model, in the same way, as it did.

    Record a deployment that you trust, then compare another one with it. The noise of
    the target is measured first, alone and with eight requests at a time, and only what
    exceeds it counts. With log probabilities, 60 output tokens tell an 8-bit
    quantisation from the original.

    \b
      magistral-contract identify http://127.0.0.1:8000/v1 --save trusted.json
      magistral-contract identify https://llm.example.com/v1 --against trusted.json

    \b
    Exit codes
      0  the same, or the fingerprint was saved
      1  different, in what the output names
      2  the command line or a file is wrong
      3  cannot tell: too little evidence, a target that changed, unreachable
    """  # noqa: D301  # click keeps the lines after \b
    from contract.identity.fingerprint import load, save

    given = settings["target"] or options.configured_target(context, "to identify")
    if given is None:
        raise UsageError(
            "Name a URL or a target to identify, e.g. http://127.0.0.1:8000/v1."
        )
    if settings["save"] is None and settings["against"] is None:
        raise UsageError(
            "Give --save FINGERPRINT to record a deployment that you trust, or "
            "--against FINGERPRINT to compare with one."
        )
    if settings["as_json"] is not None and settings["against"] is None:
        raise UsageError("--json writes a verdict; add --against FINGERPRINT.")
    for path in (settings["save"], settings["as_json"]):
        _prepare(path)
    reference = None if settings["against"] is None else load(settings["against"])
    collected = _collected(given, settings, reference)
    if settings["save"] is not None:
        save(collected, settings["save"])
        click.echo(
            f"saved {settings['save']}: {_spent(collected)}",
            err=str(settings["as_json"]) == "-",
        )
    if reference is None:
        return 0
    from contract.identity.comparing import compare

    comparison = compare(reference, collected)
    _show(comparison, settings["as_json"])
    return comparison.exit_code


def _prepare(path: Path | None) -> None:
    """Raise `UsageError` before anything is asked if *path* cannot be written."""
    from contract.cli.outputs import Destination

    if path is not None:
        Destination(str(path)).prepare()


def _collected(
    given: str, settings: dict[str, Any], reference: Fingerprint | None
) -> Fingerprint:
    """Return the fingerprint of the target *given*, which is opened for the time."""
    from contract.cli import outputs
    from contract.client.credentials import api_key
    from contract.client.route import Route
    from contract.identity.opening import opened_collector

    route = Route.read(settings["header"], settings["header_env"], settings["proxy"])
    key, variable = api_key(settings["api_key_env"], os.environ)
    with opened_collector(
        given,
        profile=settings["profile"],
        profiles=outputs.profiles(settings["profiles"]),
        model=settings["model"],
        key=key,
        variable=variable,
        route=route,
    ) as collector:
        return collector.collect(
            most=settings["max_tokens"],
            long=settings["long_prompt"],
            like=None if reference is None else reference.plan,
        )


def _spent(fingerprint: Fingerprint) -> str:
    return f"{fingerprint.requests} requests, {fingerprint.tokens} output tokens"


def _show(comparison: Comparison, path: Path | None) -> None:
    from contract.cli.outputs import Destination
    from contract.model.redaction import SECRETS, sanitise

    if path is not None:
        text = json.dumps(SECRETS.mask_deep(comparison.json), indent=2) + "\n"
        Destination(str(path)).write(text)
    if str(path) != "-":
        click.echo("\n".join(map(sanitise, _lines(comparison))))


def _lines(comparison: Comparison) -> list[str]:
    """Return the verdict in the first line, then a line for each aspect."""
    other = comparison.other
    verdict = comparison.verdict.replace("-", " ")
    names = ", ".join(comparison.differs_in)
    first = f"{verdict} in {names}" if names else verdict
    place = f"{other.target} [{other.model}, {other.profile}]"
    lines = [f"{first}: {place}"]
    if comparison.obstacle:
        lines.append(f"  {comparison.obstacle}")
    width = max((len(one.name) for one in comparison.evidence), default=0)
    for one in comparison.evidence:
        state = one.state.replace("-", " ")
        lines.append(f"  {one.name:<{width}}  {state:<11}  {one.why}")
    lines.append(f"  {_spent(other)}; false-alarm rate at most 1 %")
    return lines
