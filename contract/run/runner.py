"""Judges one provider by the checks: what to send, what is worth judging, outcomes."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import urlsplit

from contract.client.curl import (
    VARIABLE,
    curl,
)
from contract.client.session import (
    CanaryUnavailable,
    NotAnswering,
    NotRecorded,
    RequestLimitReached,
    Session,
)
from contract.errors import (
    CheckError,
    UsageError,
)
from contract.model.address import LOOPBACK_HOSTS
from contract.model.chat import Probe
from contract.model.check import (
    Check,
    Finding,
    NotApplicable,
)
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.run.explore import (
    ensure_available,
    smallest,
)
from contract.run.plan import (
    inapplicable,
    plan_requests,
)
from contract.run.report import (
    Outcome,
    Result,
)
from contract.run.triage import (
    Verdict,
    hinted,
    triage,
)
from contract.tokens import padding

VERIFY = ("magistral-contract", "verify")


# A judge of a broken stream can find the same thing wrong with every event of it.
MOST_FINDINGS = 50


def judge_all(
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
    planned = plan_requests(known, session.profile, slow=slow)
    session.expect(planned.alone)
    session.prefetch(planned.together)
    for check in known:
        yield judge_check(check, session, target, slow=slow, command=command)


def judge_check(
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
    reason = inapplicable(check, session.profile, slow=slow)
    if reason is None and check.explores is not None:
        verdict = _explored(check, session, exchanges)
    elif reason is None:
        verdict = _verdict(check, session, exchanges, figures)
    else:
        verdict = Verdict(Outcome.SKIP, reason=reason)
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


def _verdict(
    check: Check,
    session: Session,
    exchanges: list[Exchange],
    figures: dict[str, float],
) -> Verdict:
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
    except (RequestLimitReached, NotAnswering) as spent:
        return Verdict(Outcome.ERROR, reason=f"{spent}")
    except (CanaryUnavailable, NotRecorded, padding.Unsizable) as missing:
        return Verdict(Outcome.SKIP, reason=f"{missing}")
    except NotApplicable as why:
        if not findings:
            return Verdict(Outcome.SKIP, reason=f"{why}")
    except Exception as error:  # noqa: BLE001  # whatever a check may raise is its bug
        reason = str(CheckError(check.id, error))
        return Verdict(Outcome.ERROR, tuple(findings), reason, broken=True)
    outcome = Outcome.FAIL if findings else Outcome.PASS
    return Verdict(outcome, tuple(hinted(check, findings, exchanges)))


def _explored(check: Check, session: Session, exchanges: list[Exchange]) -> Verdict:
    """
    The verdict on the smallest request that fails, or on all that were drawn.

    Each is judged as a check of its own that sends it. Equal requests have equal
    exchanges, so a provider that answers differently each time is no obstacle.
    """
    verdicts: dict[Outcome, Verdict] = {}
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

    failed: dict[tuple[Probe, ...], Verdict] = {}
    free = urlsplit(session.url).hostname in LOOPBACK_HOSTS
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
        return Verdict(Outcome.SKIP, reason=f"{missing}")
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
    return Verdict(Outcome.SKIP, reason="nothing was drawn")


def _commands(session: Session, exchanges: list[Exchange], place: str) -> str:
    """Where it was found, and the commands that send the requests again."""
    key = VARIABLE if session.key else None
    commands = (curl(session.url, e.request, key=key) for e in exchanges)
    return "; ".join([*([place] if place else []), *commands])


def _waived(verdict: Verdict, check: str, profile: Profile) -> Verdict:
    """
    *verdict* in the light of the profile's waiver.

    One's own waiver that excuses nothing is a failure, as a strict xfail is; one
    that came with the package only says so, since the provider has got better.
    """
    waiver = profile.waivers.get(check)
    if waiver is None:
        return verdict
    if verdict.outcome is Outcome.FAIL:
        return Verdict(Outcome.WAIVED, verdict.findings, waiver)
    if verdict.outcome is Outcome.PASS and check in profile.shipped:
        return Verdict(Outcome.PASS, reason=f"no longer needs its waiver: {waiver}")
    if verdict.outcome is Outcome.PASS:
        stale = Finding(
            "the waiver is out of date: remove it from the profile",
            expected=f"a failure, because {waiver}",
            actual="the requirement holds",
        )
        return Verdict(Outcome.FAIL, (stale,))
    return verdict
