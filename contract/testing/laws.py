"""
The laws of every check: judged somewhere, no false alarm, broken by its own fault.

The project's own checks are held to them in `tests/test_laws.py`; the author of a
plug-in calls `run_laws` from a test of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import ModuleType

from contract.catalog.profiles import builtin
from contract.mock_server.provider import EPOCH
from contract.model.chat import CHAT
from contract.model.check import KEYWORD, Check, Fault, Level, Quirk
from contract.model.conditions import CONDITIONS, conditional, holds
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.reply import Reply, rehearse
from contract.plugins.discovery import find
from contract.run.invariants import judge_replies, scopes_of
from contract.run.plan import (
    combined_of,
    expected_names,
    first_requests,
    inapplicable,
)
from contract.run.report import Outcome
from contract.testing.rehearsal import (
    changed,
    clean,
    judge,
    number,
    numbered,
    outcomes,
)

# Replies under one condition that a fault is tried on.
MOST_STRUCK = 8
CORPUS = 100  # requests of a check that is a corpus
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


def judges_anything(check: Check) -> bool:
    """
    Whether *check* is a property, a corpus or a curve, which judge many requests.

    Other checks judge a few, so the faults of those break such a check too.
    """
    many = check.fitting or len(check.sends) >= CORPUS
    return check.explores is not None or many


def explained(fault: Fault, id_: str) -> bool:
    """Whether *fault* names the check *id_*, or its family, among what it breaks."""
    return id_ == fault.breaks.id or bool({id_, id_.partition(".")[0]} & fault.also)


def fault_laws(
    fault: Fault, checks: Mapping[str, Check], most: int | None = None
) -> Iterator[str]:
    """
    How *fault* breaks the law: it turns its check red and only what it names.

    Where its check passes the fault must turn it red; where the check had nothing to
    judge it may. *checks* are those that it may break by accident, played in the first
    *most* of the dialects that it applies to, counted from one that depends on the
    fault's name; in all of them if not given. Its own check is judged there, and in
    *most* + 1 of those in which it passes without the fault.
    """
    where = [name for name in representatives() if applies(fault, name)]
    first = sum(fault.id.encode()) % len(where) if where else 0
    ordered = where[first:] + where[:first]
    own = {fault.breaks.id: fault.breaks}
    wide = ordered[:most]
    if most is not None:
        judging = [name for name in ordered if passes(fault.breaks, name)] or ordered
        where = [name for name in where if name in {*wide, *judging[: most + 1]}]
    broken = {
        name: failing(name, fault.apply, checks if name in wide else own)
        for name in where
    }
    if not any(fault.breaks.id in found for found in broken.values()):
        rest = (name for name in ordered if name not in broken)
        broken |= {name: failing(name, fault.apply, own) for name in rest}
    missed = [
        name
        for name in where
        if passes(fault.breaks, name) and fault.breaks.id not in broken[name]
    ]
    missed_at_once = [
        name
        for name, found in broken.items()
        if fault.breaks.id in found and is_missed_at_once(fault, name)
    ]
    if missed_at_once:
        yield (
            f"the fault {fault.id} turns {fault.breaks.id} red by its own requests, "
            "and passes by the combined ones, in " + ", ".join(missed_at_once)
        )
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


def is_missed_at_once(fault: Fault, name: str) -> bool:
    """Whether the combined requests of its check pass on *name* in spite of *fault*."""
    if not fault.breaks.combined:
        return False
    rehearsal = changed(name, fault.apply)
    return judge(fault.breaks, rehearsal, combined=True).outcome is not Outcome.FAIL


def combined_laws(check: Check, name: str) -> Iterator[str]:
    """How the combined requests of *check* settle nothing on the mock of *name*."""
    rehearsal = clean(name)
    combined = combined_of(check, rehearsal.profile, thorough=False)
    if combined is None or not passes(check, name):
        return
    result = judge(check, rehearsal, combined=True)
    if tuple(exchange.probe for exchange in result.exchanges) != combined.sends:
        yield f"the combined requests of {check.id} settle nothing in {name}"


def conditional_laws(fault: Fault) -> Iterator[str]:
    """
    How *fault* of an invariant goes unnoticed where it strikes only under a condition.

    For each condition, the fault is tried on replies of the profile's whole run that
    meet it. Where it changes replies that the invariant was judged on, the invariant
    must fail on one of them. A fault of any other check breaks no law here.
    """
    for trial in conditional_trials(fault):
        if not trial.found:
            yield (
                f"the fault {fault.id} is not found in {trial.profile} where it "
                f"strikes only under the condition {trial.condition} "
                f"({trial.requests})"
            )


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault limited to *condition* in *profile*, and whether it is *found*."""

    profile: str
    condition: str
    found: bool
    # The names of the requests whose replies it changes.
    requests: str


@cache
def conditional_trials(fault: Fault) -> tuple[Trial, ...]:
    """
    Return a trial for each profile and condition in which *fault* changes a reply.

    Only the fault of an invariant that is judged reply by reply is tried.

    Usage: `all(trial.found for trial in conditional_trials(fault))`.
    """
    return tuple(_trials(fault))


def _trials(fault: Fault) -> Iterator[Trial]:
    check = fault.breaks
    if check.every is None or check.across:
        return
    for name in representatives():
        if not applies(fault, name):
            continue
        for condition in CONDITIONS:
            changed = list(islice(_struck(fault, name, condition), MOST_STRUCK))
            if changed:
                found = any(judge_replies(check, [x]).broken for x in changed)
                words = ", ".join(exchange.probe.name for exchange in changed)
                yield Trial(name, condition, found, words)


def _struck(fault: Fault, name: str, condition: str) -> Iterator[Exchange]:
    """
    Yield what the mock of *name* sends with *fault* limited to *condition*.

    Only exchanges that the fault changes, and that its check is judged on without it.
    """
    check, rehearsal = fault.breaks, clean(name)
    limited = conditional(fault.apply, when=[condition])
    expected = _expected(name)
    for probe in run_probes(name, condition):
        before = rehearsal.reply(probe)
        scope = set(scopes_of(rehearsal.send(probe), expected))
        if (
            check.every not in scope
            or not judge_replies(check, [rehearsal.send(probe)]).judged
        ):
            continue
        after = limited(before)
        if after != before:
            exchange = rehearse(after, probe, rehearsal.profile, sent_at=EPOCH)
            if check.every in set(scopes_of(exchange, expected)):
                yield exchange


@cache
def _expected(name: str) -> frozenset[str]:
    return expected_names(find("checks", Check).values(), clean(name).profile)


@cache
def run_probes(name: str, condition: str) -> tuple[Probe, ...]:
    """
    Return the chats of a run on the profile *name* that meet *condition*.

    The smallest requests come first; each request is there once.
    """
    rehearsal = clean(name)
    probes: dict[int, Probe] = {}
    for check in find("checks", Check).values():
        if check.explores is None and not inapplicable(
            check, rehearsal.profile, slow=False
        ):
            first = first_requests(check, rehearsal.profile)
            probes |= {number(probe): probe for probe in first}
    met = [
        probe
        for probe in probes.values()
        if probe.path == CHAT
        and probe.hang_up_after is None
        and holds([condition], rehearsal.reply(probe))
    ]
    return tuple(sorted(met, key=lambda p: len(rehearsal.reply(p).request.body)))


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
    for name in results:
        yield from combined_laws(check, name)
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
    # A corpus has the judge of checks that send less, and hundreds of requests.
    few = {id_: one for id_, one in checks.items() if len(one.sends) < CORPUS}
    for name in representatives():
        for quirk in find("quirks", Quirk).values():
            if found := sorted(failing(name, quirk.apply, few)):
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
        may_break = {
            id_: check
            for id_, check in every.items()
            if not judges_anything(check) or judges_anything(fault.breaks)
        }
        found += [*fault_laws(fault, may_break), *description_laws(fault)]
        found += conditional_laws(fault)
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
