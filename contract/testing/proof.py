"""Whether the checks of third-party plug-ins can fail: required before they judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract.errors import UsageError
from contract.model.check import Check, Fault
from contract.plugins.discovery import find, plugins
from contract.run.report import Outcome
from contract.run.select import select as selected


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
    # They load the mock, which a run without plug-ins may not need.
    from contract.testing.laws import applies, representatives  # noqa: PLC0415
    from contract.testing.rehearsal import changed, judge  # noqa: PLC0415

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


def select_checks(
    select: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    *,
    trust_plugins: bool = False,
) -> tuple[Check, ...]:
    """
    Return the installed checks that *select* and *ignore* leave, ready to be run.

    Both are one name or several: ids, families or patterns. Raises `UsageError` if a
    name matches nothing, if nothing is left, or if a check of a plug-in is not proven
    and *trust_plugins* is false.
    """
    checks = selected(find("checks", Check).values(), _names(select), _names(ignore))
    if not trust_plugins:
        ensure_proven(checks)
    return checks


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    """One name or several; a text is one name, not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)
