"""`fuzz`: search for requests that break a target, with Schemathesis."""

from __future__ import annotations

from dataclasses import replace

import click

from contract.cli import completion, options, outputs
from contract.cli.delivery import deliver, worst
from contract.cli.outputs import Output
from contract.cli.progress import Progress
from contract.cli.remembering import Memory
from contract.client.route import Route
from contract.errors import UsageError
from contract.fuzzing.rules import REQUIREMENTS
from contract.fuzzing.running import INTERRUPTED as BY_USER
from contract.fuzzing.running import MAX_TIME, fuzz
from contract.plugins.discovery import suggestion
from contract.run.opening import open_target
from contract.run.report import Report
from contract.targets.base import mask_key

INTERRUPTED = 130
PHASES = ("examples", "coverage", "fuzzing")


def _phases(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> str | None:
    """Return the list of phases unchanged; raise `UsageError` for an unknown phase."""
    for name in value.split(",") if value is not None else ():
        if name not in PHASES:
            raise UsageError(f"Unknown phase {name!r}{suggestion(name, PHASES)}")
    return value


@click.command("fuzz")
@click.argument(
    "target",
    default="mock",
    metavar="[TARGET]",
    shell_complete=completion.names(completion.targets),
)
@click.option("--seed", type=int, metavar="N", help="Seed of the generated requests.")
@click.option(
    "--max-examples",
    type=click.IntRange(1),
    metavar="N",
    help="Generated requests per operation (default: the profile's).",
)
@click.option(
    "--phases",
    metavar="LIST",
    callback=_phases,
    help="A comma-separated list of examples, coverage, fuzzing (default: all).",
)
@click.option(
    "--max-time",
    metavar="TIME",
    callback=options.timeout,
    help=f"Stop after this long and report what was found (default {MAX_TIME:g}s).",
)
@options.profile
@click.option("--model", metavar="NAME", help="The model to request.")
@options.api_key
@options.route
@options.remembering
@options.reporting
def fuzz_command(  # noqa: PLR0913  # each parameter is an option
    *,
    target: str,
    seed: int | None,
    max_examples: int | None,
    phases: str | None,
    max_time: float | None,
    profile: str | None,
    profiles: str | None,
    model: str | None,
    api_key_env: str | None,
    header: tuple[str, ...],
    header_env: tuple[str, ...],
    proxy: str | None,
    history: str | None,
    fail_on: str,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
) -> int:
    """
    Fuzz TARGET with valid and invalid requests that Schemathesis generates.

    The requests follow openapi.yaml, reduced to the target's dialect. Every failure
    comes with the smallest request that reproduces it, as a curl command. The exit
    codes are those of `verify`; a run that is stopped or interrupted reports what it
    found until then.
    """
    route = Route.read(header, header_env, proxy)
    memory = Memory.prepare(history, fail_on)
    repeated = (
        ("--profile", profile),
        ("--profiles", profiles),
        ("--model", model),
        ("--api-key-env", api_key_env),
    )
    with (
        Progress(
            mask_key(target), len(REQUIREMENTS), color=color, quiet=quiet
        ) as progress,
        open_target(
            target,
            profile=profile,
            profiles=outputs.profiles(profiles),
            model=model,
            key_env=api_key_env,
            tick=progress.sent,
            route=route,
        ) as verification,
    ):
        results, requests, cut_off = fuzz(
            verification,
            seed=seed,
            max_examples=max_examples,
            phases=phases,
            repeat=(
                *(word for pair in repeated if pair[1] for word in pair if word),
                *route.words,
                *(["--strict"] if strict else []),
            ),
            environment={"MAGISTRAL_CONTRACT_PROFILES": profiles} if profiles else {},
            max_time=max_time or MAX_TIME,
        )
        opened = verification.header
    if cut_off == BY_USER:
        opened = replace(opened, trouble=cut_off)
    whole = Report(
        headers=(replace(opened, requests=opened.requests + requests),),
        results=results,
        strict=strict,
    )
    whole, unstored = memory.keep(whole, "fuzz")
    undelivered = deliver(whole, report, quiet=quiet, verbose=verbose, color=color)
    code = worst(whole.exit_code, unstored, undelivered)
    return INTERRUPTED if cut_off == BY_USER else code
