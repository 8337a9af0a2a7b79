"""Whether the checks of third-party plug-ins can fail: required before they judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract.errors import UsageError
from contract.model.check import Check, Fault
from contract.plugins.discovery import find, plugins
from contract.run.report import Outcome
from contract.testing.laws import applies, representatives
from contract.testing.rehearsal import changed, judge


def unproven(checks: Iterable[Check], faults: Iterable[Fault]) -> Iterator[str]:
    """
    Why each of *checks* that no fault can turn red is not proven, a clause each.

    A check is proven when one of *faults* breaks it in rehearsal in one dialect.
    """
    known = tuple(faults)
    for check in checks:
        own = [fault for fault in known if fault.breaks.id == check.id]
        if not own:
            yield f"{check.id} has no fault that proves it can fail"
        elif not any(map(_turns_red, own)):
            names = ", ".join(fault.id for fault in own)
            yield f"{check.id} passes even with its fault {names}"


def _turns_red(fault: Fault) -> bool:
    return any(
        judge(fault.breaks, changed(name, fault.apply)).outcome is Outcome.FAIL
        for name in representatives()
        if applies(fault, name)
    )


def ensure_proven(checks: Iterable[Check]) -> None:
    """
    Raise `UsageError` if one of *checks* comes from a plug-in and is not proven.

    The built-in checks are proven by the project's own tests and are not rehearsed
    again, so this costs nothing where no plug-in is installed.
    """
    foreign = plugins("checks", Check)
    theirs = [check for check in checks if check.id in foreign]
    if not theirs:
        return
    reasons = list(unproven(theirs, find("checks", Fault).values()))
    if reasons:
        owners = sorted({foreign[check.id].distribution for check in theirs})
        raise UsageError(
            f"Unproven checks of {', '.join(owners)}: {'; '.join(reasons)}. A check "
            "that cannot fail proves nothing: ask its author for a fault, leave it "
            "out with --ignore, or go on with --trust-plugins."
        )
