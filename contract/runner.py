"""Judges one provider by the checks: what to send, what is worth judging, outcomes."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby, islice
from urllib.parse import urlsplit

from contract import sizing
from contract.catalog import suggestion
from contract.chat import Probe
from contract.checks.base import (
    ANY,
    CLIENT_ERRORS,
    Check,
    Finding,
    NotApplicable,
    shorten,
)
from contract.curl import VARIABLE, curl
from contract.detection import BUSY, said
from contract.errors import CheckError, UsageError
from contract.exchange import End, Exchange
from contract.exploration import ensure_available, smallest
from contract.hints import hint, refused
from contract.profile import Profile
from contract.report import Outcome, Result
from contract.session import (
    AllowanceSpent,
    NotAnswering,
    NotLent,
    NotRecorded,
    Session,
)
from contract.targets.url import LOOPBACK

VERIFY = ("magistral-contract", "verify")
RATE_LIMITED = 429
# A judge of a broken stream can find the same thing wrong with every event of it.
MOST_FINDINGS = 50
# The families that read what a server's parsers make of the model's output. What a
# refusal says of itself is a hint anywhere.
PARSED = frozenset({"reasoning", "tools"})


def select(
    checks: Iterable[Check], chosen: Iterable[str] = (), ignored: Iterable[str] = ()
) -> tuple[Check, ...]:
    """
    The *checks* that *chosen* names (all when it names none), without the *ignored*.

    A name is an id, a family or a pattern such as `*.usage*`; `UsageError` when it
    matches nothing, so that a typing error is not a green run.
    """
    known = tuple(checks)
    wanted = [_matching(known, name) for name in chosen]
    unwanted = [_matching(known, name) for name in ignored]
    kept = tuple(
        check
        for check in known
        if (not wanted or any(check.id in ids for ids in wanted))
        and not any(check.id in ids for ids in unwanted)
    )
    if not kept:
        raise UsageError("No check is left to run; ignore fewer or select more.")
    return kept


def _matching(checks: tuple[Check, ...], name: str) -> frozenset[str]:
    found = frozenset(
        check.id
        for check in checks
        if name == check.family or fnmatchcase(check.id, name)
    )
    if not found:
        names = {check.id for check in checks} | {check.family for check in checks}
        raise UsageError(f"No check matches {name!r}{suggestion(name, names)}")
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests of a run: *together* may overlap; *alone* go one after another."""

    together: tuple[Probe, ...]
    alone: tuple[Probe, ...]

    def __len__(self) -> int:
        return len(self.together) + len(self.alone)


def plan(checks: Iterable[Check], profile: Profile, *, slow: bool = False) -> Plan:
    """What the *checks* that apply to *profile* will send, each request once."""
    together: dict[Probe, None] = {}
    alone: dict[Probe, None] = {}
    for check in checks:
        if _inapplicable(check, profile, slow=slow) is None:
            ordered = check.alone or any(
                probe.hang_up_after is not None for probe in check.sends
            )
            if any(sizing.needs_yardsticks(probe, profile) for probe in check.sends):
                together.update(dict.fromkeys(sizing.YARDSTICKS))
            (alone if ordered else together).update(dict.fromkeys(check.sends))
    return Plan(tuple(p for p in together if p not in alone), tuple(alone))


def verify(
    checks: Iterable[Check],
    session: Session,
    target: str,
    *,
    slow: bool = False,
    command: tuple[str, ...] = (),
) -> Iterator[Result]:
    """
    The result of every check, in order, as it becomes known.

    Whatever may overlap is sent first, several requests at a time; what is timed is
    sent while nothing else is on its way.
    """
    known = tuple(checks)
    planned = plan(known, session.profile, slow=slow)
    session.expect(planned.alone)
    session.prefetch(planned.together)
    for check in known:
        yield run(check, session, target, slow=slow, command=command)


def run(
    check: Check,
    session: Session,
    target: str,
    *,
    slow: bool = False,
    command: tuple[str, ...] = (),
) -> Result:
    """
    The result of one check; it sends what was not sent yet.

    *command* is the command line that verifies *target*, for the result's `again`.
    """
    exchanges: list[Exchange] = []
    figures: dict[str, float] = {}
    reason = _inapplicable(check, session.profile, slow=slow)
    if reason is None and check.explores is not None:
        verdict = _explored(check, session, exchanges)
    elif reason is None:
        verdict = _verdict(check, session, exchanges, figures)
    else:
        verdict = _Verdict(Outcome.SKIP, reason=reason)
    verdict = _waived(verdict, check.id, session.profile)
    again = [*(command or (*VERIFY, target)), "--select", check.id]
    if check.slow:
        again.append("--slow")
    if check.explores is not None and session.seed is not None:
        again += ["--seed", str(session.seed)]
    return Result(
        check=check,
        target=target,
        outcome=verdict.outcome,
        findings=verdict.findings,
        reason=verdict.reason,
        again=shlex.join(again),
        broken=verdict.broken,
        seconds=sum(exchange.elapsed for exchange in exchanges),
        exchanges=tuple(exchanges),
        figures=figures,
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    broken: bool = False


def _inapplicable(check: Check, profile: Profile, *, slow: bool) -> str | None:
    """Why *check* is not run at all."""
    missing = sorted(need.value for need in check.needs - profile.offers)
    if missing:
        return f"{profile.id} does not offer {', '.join(missing)}"
    if check.unless is not None and check.unless in profile.tolerates:
        return f"{profile.id} tolerates {check.unless}"
    if check.budget is not None and getattr(profile.budget, check.budget) is None:
        return f"{profile.id} sets no budget; add --budget {check.budget}=…"
    if any(sizing.over(probe, profile) for probe in check.sends):
        return f"the context window is only {profile.context_window} tokens"
    if check.slow and not slow:
        return "slow; add --slow"
    return None


def _verdict(
    check: Check,
    session: Session,
    exchanges: list[Exchange],
    figures: dict[str, float],
) -> _Verdict:
    findings: list[Finding] = []
    try:
        for probe in check.sends:
            exchange = session.send(probe)
            exchanges.append(exchange)
            trouble = triage(check, exchange)
            if trouble is not None:
                return trouble
        figures.update(check.measures(*exchanges) if check.measures else {})
        for finding in islice(check.judge(*exchanges), MOST_FINDINGS):
            findings.append(finding)  # noqa: PERF402  # kept also when it raises
    except (AllowanceSpent, NotAnswering) as spent:
        return _Verdict(Outcome.ERROR, reason=f"{spent}")
    except (NotLent, NotRecorded, sizing.Unsizable) as missing:
        return _Verdict(Outcome.SKIP, reason=f"{missing}")
    except NotApplicable as why:
        if not findings:
            return _Verdict(Outcome.SKIP, reason=f"{why}")
    except Exception as error:  # noqa: BLE001  # whatever a check may raise is its bug
        reason = str(CheckError(check.id, error))
        return _Verdict(Outcome.ERROR, tuple(findings), reason, broken=True)
    outcome = Outcome.FAIL if findings else Outcome.PASS
    return _Verdict(outcome, tuple(_hinted(check, findings, exchanges)))


def _explored(check: Check, session: Session, exchanges: list[Exchange]) -> _Verdict:
    """
    The verdict on the smallest request that fails, or on all that were drawn.

    Each is judged as a check of its own that sends it. Equal requests have equal
    exchanges, so a provider that answers differently each time is no obstacle.
    """
    verdicts: dict[Outcome, _Verdict] = {}
    seen: dict[tuple[Probe, ...], tuple[Exchange, ...]] = {}

    def fails(probes: tuple[Probe, ...]) -> bool:
        if Outcome.ERROR in verdicts:
            return False  # nothing more is to be learnt
        sent: list[Exchange] = []
        one = replace(check, sends=probes, explores=None)
        verdict = _verdict(one, session, sent, {})
        seen[probes] = tuple(sent)
        verdicts[verdict.outcome] = verdict
        if verdict.outcome is Outcome.FAIL:
            failed[probes] = verdict
        return verdict.outcome is Outcome.FAIL

    failed: dict[tuple[Probe, ...], _Verdict] = {}
    free = urlsplit(session.url).hostname in LOOPBACK
    try:
        ensure_available()  # before the strategies, which import Hypothesis
        found: tuple[Probe, ...] | None = smallest(
            check.explores(session.profile) if check.explores else None,
            fails,
            most=session.profile.max_examples,
            seed=session.seed,
            shrink=session.profile.shrinks or free,
        )
    except UsageError as missing:
        return _Verdict(Outcome.SKIP, reason=f"{missing}")
    if found is not None:
        exchanges += seen[found]
        return replace(
            failed[found],
            findings=tuple(
                replace(finding, at=_commands(session, exchanges, finding.at))
                for finding in failed[found].findings
            ),
        )
    exchanges += [exchange for sent in seen.values() for exchange in sent]
    for outcome in (Outcome.ERROR, Outcome.PASS, Outcome.SKIP):
        if outcome in verdicts:
            return verdicts[outcome]
    return _Verdict(Outcome.SKIP, reason="nothing was drawn")


def _commands(session: Session, exchanges: list[Exchange], place: str) -> str:
    """Where it was found, and the commands that send the requests again."""
    key = VARIABLE if session.key else None
    commands = (curl(session.url, e.request, key=key) for e in exchanges)
    return "; ".join([*([place] if place else []), *commands])


def _hinted(
    check: Check, findings: list[Finding], exchanges: list[Exchange]
) -> Iterator[Finding]:
    """The *findings*; the first says so if one setting of the server explains them."""
    for number, finding in enumerate(findings):
        if number or finding.hint:
            yield finding
        else:
            said = hint(exchanges) if check.family in PARSED else ""
            yield replace(finding, hint=said or refused(exchanges))


def triage(check: Check, exchange: Exchange) -> _Verdict | None:
    """The verdict on an exchange that is not worth judging; None when it is."""
    status = exchange.status
    if status is None:
        return _Verdict(Outcome.ERROR, reason=f"nothing was learnt: {exchange.note}")
    # 4xx and "any" are meant for refusals; being too busy to answer is none.
    meant = status in check.expects and check.expects not in (CLIENT_ERRORS, ANY)
    if status in BUSY and not meant:
        answer = f"{status}, {said(exchange)}"
        if status == RATE_LIMITED:
            reason = f"rate limited ({answer}); lower --concurrency"
        else:
            reason = f"the provider could not answer ({answer})"
        return _Verdict(Outcome.ERROR, reason=reason)
    if status not in check.expects:
        found = _hinted(check, [_unexpected(check, exchange)], [exchange])
        return _Verdict(Outcome.FAIL, tuple(found))
    if exchange.end not in {End.COMPLETE, End.LEFT} and not check.broken:
        reason = f"the response broke off: {exchange.note}"
        return _Verdict(Outcome.ERROR, reason=reason)
    return None


def _unexpected(check: Check, exchange: Exchange) -> Finding:
    body = said(exchange)
    return Finding(
        "the status is not the one expected",
        expected=f"status {_ranges(check.expects)}",
        actual=f"status {exchange.status}" + (f": {shorten(body)}" if body else ""),
        at=f"request {exchange.probe.name}",
    )


def _ranges(statuses: frozenset[int]) -> str:
    """`200, 400-499`: runs of numbers as people write them."""
    runs = groupby(enumerate(sorted(statuses)), key=lambda pair: pair[1] - pair[0])
    words = []
    for _, pairs in runs:
        numbers = [number for _, number in pairs]
        first, last = numbers[0], numbers[-1]
        words.append(f"{first}" if first == last else f"{first}-{last}")
    return ", ".join(words)


def _waived(verdict: _Verdict, check: str, profile: Profile) -> _Verdict:
    """
    *verdict* in the light of the profile's waiver.

    One's own waiver that excuses nothing is a failure, as a strict xfail is; one
    that came with the package only says so, since the provider has got better.
    """
    waiver = profile.waivers.get(check)
    if waiver is None:
        return verdict
    if verdict.outcome is Outcome.FAIL:
        return _Verdict(Outcome.WAIVED, verdict.findings, waiver)
    if verdict.outcome is Outcome.PASS and check in profile.shipped:
        return _Verdict(Outcome.PASS, reason=f"no longer needs its waiver: {waiver}")
    if verdict.outcome is Outcome.PASS:
        stale = Finding(
            "the waiver is out of date: remove it from the profile",
            expected=f"a failure, because {waiver}",
            actual="the requirement holds",
        )
        return _Verdict(Outcome.FAIL, (stale,))
    return verdict
