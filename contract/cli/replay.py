"""`replay`: judge saved exchanges again, without the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from contract.cli import options, outputs
from contract.cli.baselines import load_baseline
from contract.cli.delivery import deliver, worst
from contract.cli.outputs import Output
from contract.cli.remembering import Memory
from contract.cli.repeating import as_words
from contract.model.profile import Capability
from contract.run.opening import open_recordings
from contract.run.report import Report, Result


@click.command("replay")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@options.selection
@options.trust
@options.profile
@options.budget
@options.offer
@options.baseline
@options.remembering
@options.reporting
def replay_command(  # noqa: PLR0913  # each parameter is an option
    *,
    directory: Path,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    trust_plugins: bool,
    profile: str | None,
    profiles: str | None,
    budget: Mapping[str, float],
    offer: frozenset[Capability],
    baseline: Path | None,
    history: str | None,
    fail_on: str,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
) -> int:
    """
    Judge the exchanges that `verify --save DIR` saved; send nothing.

    Checks whose requests were not recorded are skipped. The exit codes are those of
    `verify`. Use `compare` to see what changed between two recordings.
    """
    checks = options.selected(select, ignore, trust_plugins=trust_plugins)
    memory = Memory.prepare(history, fail_on, baseline=baseline is not None)
    recordings = open_recordings(
        directory,
        profile=profile,
        profiles=outputs.profiles(profiles),
        budget=budget,
        offers=offer,
        repeat=as_words(
            {
                "profiles": profiles,
                "trust_plugins": trust_plugins,
                "strict": strict,
                "budget": dict(budget) or None,
                "offer": offer,
            }
        ),
    )
    earlier = load_baseline(
        baseline,
        [recording.target for recording in recordings],
        checks,
        profile=profile,
        profiles=outputs.profiles(profiles),
        budget=budget,
        offers=offer,
    )
    results: list[Result] = []
    for recording in recordings:
        # Slow checks are included, because only sending their requests is slow.
        results += recording.results(checks, slow=True)
    whole = Report(
        headers=tuple(recording.header for recording in recordings),
        results=tuple(results),
        strict=strict,
        baseline=earlier,
    )
    whole, unstored = memory.keep(whole, "replay")
    undelivered = deliver(whole, report, quiet=quiet, verbose=verbose, color=color)
    return worst(whole.exit_code, unstored, undelivered)
