"""The earlier run that `--baseline` names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from contract.errors import UsageError
from contract.model.check import Check
from contract.model.profile import Capability, Profile
from contract.run.compare import load_run
from contract.run.report import Report


def load_baseline(  # noqa: PLR0913  # each is one option of the command line
    path: Path | None,
    targets: Iterable[str],
    checks: tuple[Check, ...],
    *,
    profile: str | None,
    profiles: Mapping[str, Profile],
    budget: Mapping[str, float],
    offers: frozenset[Capability],
) -> Report | None:
    """
    Return the run in *path*, with what the verified *targets* are compared with.

    None without a *path*. *checks* are those of this run; the others are how a
    recording is judged. Raises `UsageError` if it is neither a report nor a recording,
    and if it has none of the *targets*; a single one may have another name.
    """
    if path is None:
        return None
    if not path.exists():
        raise UsageError(
            f"--baseline {path} does not exist; name a report that --report json=FILE "
            "wrote, or a folder that --save wrote."
        )
    found = load_run(
        path,
        checks,
        profile=profile,
        profiles=profiles,
        budget=budget,
        offers=offers,
    )
    names, known = [*targets], [header.target for header in found.headers]
    if not known or ({len(names), len(known)} != {1} and not {*names} & {*known}):
        raise UsageError(
            f"--baseline {path} has none of these targets: {', '.join(names)}; it has "
            f"{', '.join(known) or 'none'}. Name a run of one of them."
        )
    return found
