"""
The laws of every check: judged somewhere, no false alarm, broken by its own fault.

The project's own checks are held to them in `tests/test_laws.py`; the author of a
plug-in calls `run_laws` from a test of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import ModuleType

from contract.catalog.profiles import builtin
from contract.model.check import KEYWORD, Check, Fault, Level, Quirk
from contract.model.reply import Reply
from contract.plugins.discovery import find
from contract.run.report import Outcome
from contract.testing.rehearsal import changed, judge, numbered, outcomes

LONGEST_DESCRIPTION = 200  # characters of the sentence that describes a fault


@cache
def representatives() -> tuple[str, ...]:
    """One profile for each dialect: of several, the one that promises most."""
    profiles = sorted(builtin().values(), key=lambda one: len(one.offers))
    return tuple({profile.dialect.id: profile.id for profile in profiles}.values())


def failing(
    name: str, change: Callable[[Reply], Reply], checks: Mapping[str, Check]
) -> set[str]:
    """
    The ids of *checks* that fail on the profile *name* only because of *change*.

    Raises `AssertionError` with the reason when a check crashes on a changed reply.
    """
    rehearsal = changed(name, change)
    before = outcomes(name, checks)
    asked = {
        check.id: numbered(check, rehearsal.profile)
        for check in checks.values()
        if before[check.id].exchanges and before[check.id].outcome is not Outcome.FAIL
    }
    every = {number: probe for own in asked.values() for number, probe in own.items()}
    touched = rehearsal.touched(every)
    found = set()
    for id_, own in asked.items():
        if touched.isdisjoint(own):
            continue
        check = checks[id_]
        result = judge(check, rehearsal)
        if result.broken:
            raise AssertionError(result.reason)
        if result.outcome is Outcome.FAIL:
            found.add(check.id)
    return found


def applies(fault: Fault, name: str) -> bool:
    """Whether *fault* is one in the profile *name*, and its check is judged there."""
    before = outcomes(name, {fault.breaks.id: fault.breaks})[fault.breaks.id]
    return (
        fault.exists_in(builtin()[name].dialect)
        and bool(before.exchanges)
        and before.outcome is not Outcome.FAIL
    )


def passes(check: Check, name: str) -> bool:
    """Whether *check* passes on the mock of the profile *name*."""
    return outcomes(name, {check.id: check})[check.id].outcome is Outcome.PASS


def explained(fault: Fault, id_: str) -> bool:
    """Whether *fault* names the check *id_*, or its family, among what it breaks."""
    return id_ == fault.breaks.id or bool({id_, id_.partition(".")[0]} & fault.also)


def fault_laws(fault: Fault, checks: Mapping[str, Check]) -> Iterator[str]:
    """
    How *fault* breaks the law: it turns its check red and only what it names.

    Where its check passes the fault must turn it red; where the check had nothing to
    judge it may. *checks* are those that it may break by accident.
    """
    where = [name for name in representatives() if applies(fault, name)]
    broken = {name: failing(name, fault.apply, checks) for name in where}
    missed = [
        name
        for name in where
        if passes(fault.breaks, name) and fault.breaks.id not in broken[name]
    ]
    if not any(fault.breaks.id in found for found in broken.values()):
        yield f"the fault {fault.id} never turns {fault.breaks.id} red"
    elif missed:
        yield (
            f"the fault {fault.id} does not turn {fault.breaks.id} red in "
            + ", ".join(missed)
        )
    for name, found in broken.items():
        if extra := sorted(id_ for id_ in found if not explained(fault, id_)):
            yield (
                f"the fault {fault.id} also breaks {', '.join(extra)} in {name}; name "
                "them in `also`"
            )


def check_laws(check: Check, faults: Iterable[Fault]) -> Iterator[str]:
    """How *check* breaks the laws of a check; *faults* are all that exist."""
    results = {name: outcomes(name, {check.id: check})[check.id] for name in builtin()}
    for name, result in results.items():
        if result.outcome not in {Outcome.PASS, Outcome.SKIP}:
            text = "; ".join(finding.message for finding in result.findings)
            yield f"{check.id} is {result.outcome} on the mock of {name}: " + (
                text or result.reason
            )
    if not any(result.exchanges for result in results.values()):
        yield f"{check.id} is judged in no profile: " + next(
            iter({result.reason for result in results.values()}), "there is none"
        )
    yield from check_words(check, faults)


def check_words(check: Check, faults: Iterable[Fault]) -> Iterator[str]:
    """What *check* lacks on paper: a fault, a source, one RFC 2119 word, a sentence."""
    if not any(fault.breaks.id == check.id for fault in faults):
        yield f"{check.id} has no fault that breaks it"
    if len(KEYWORD.findall(check.requirement)) != 1:
        yield f"{check.id}: the requirement has not exactly one RFC 2119 word"
    if not check.requirement.endswith("."):
        yield f"{check.id}: the requirement is not a sentence"
    if not check.source.strip():
        yield f"{check.id}: no source"
    if check.source.startswith("house rule") and check.level is Level.MUST:
        yield f"{check.id}: a house rule cannot be a MUST"


def description_laws(value: Fault | Quirk) -> Iterator[str]:
    """How the description of a fault or quirk breaks the law: one short sentence."""
    if not value.description.endswith((".", ")")):
        yield f"{value.id}: the docstring is not a sentence"
    if len(value.description) >= LONGEST_DESCRIPTION:
        yield f"{value.id}: the docstring has {LONGEST_DESCRIPTION} characters or more"


def quirk_laws(checks: Mapping[str, Check]) -> Iterator[str]:
    """Which of *checks* report a quirk, which is legal by definition."""
    for name in representatives():
        for quirk in find("quirks", Quirk).values():
            if found := sorted(failing(name, quirk.apply, checks)):
                yield f"the quirk {quirk.id} fails {', '.join(found)} in {name}"


def broken_laws(
    what: ModuleType | Iterable[Check | Fault],
) -> tuple[str, ...]:
    """
    Every law that the checks and faults of *what* break, a sentence each.

    *what* is the module that defines them, or the values themselves. The faults are
    tried against these checks and all installed ones.
    """
    values = vars(what).values() if isinstance(what, ModuleType) else tuple(what)
    checks = {value.id: value for value in values if isinstance(value, Check)}
    faults = {value.id: value for value in values if isinstance(value, Fault)}
    if not checks:
        return ("there is no check in it",)
    found = [law for one in checks.values() for law in check_laws(one, faults.values())]
    every = {**find("checks", Check), **checks}
    for fault in faults.values():
        # A property judges any request, as other checks do one: their faults break it.
        may_break = {
            id_: check
            for id_, check in every.items()
            if check.explores is None or fault.breaks.explores is not None
        }
        found += [*fault_laws(fault, may_break), *description_laws(fault)]
    found += quirk_laws(checks)
    return tuple(found)


def run_laws(what: ModuleType | Iterable[Check | Fault]) -> None:
    """
    Assert that the checks of *what* are proven; for the tests of a plug-in.

    Usage, the whole test file of a plug-in::

        import acme_checks
        from contract.testing import run_laws

        def test_every_check_is_proven():
            run_laws(acme_checks)

    Raises `AssertionError` that lists every broken law.
    """
    broken = broken_laws(what)
    if broken:
        raise AssertionError("\n".join(("broken laws:", *broken)))
