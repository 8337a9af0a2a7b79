"""Execution of checks on one target: sending, triage, judging and waivers."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import urlsplit

from contract.client.curl import VARIABLE, curl
from contract.client.session import (
    CanaryUnavailable,
    NotAnswering,
    NotRecorded,
    RequestLimitReached,
    Session,
)
from contract.errors import CheckError, UsageError
from contract.model.address import LOOPBACK_HOSTS
from contract.model.check import Check, Finding, NotApplicable
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.run.explore import ensure_available, smallest
from contract.run.plan import inapplicable, plan_requests
from contract.run.report import Outcome, Result
from contract.run.triage import Verdict, triage, with_hint
from contract.tokens import padding

VERIFY = ("magistral-contract", "verify")
# A judge of a broken stream can yield the same finding for every event of it.
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
    Yield the result of every check, in order, as soon as it is known.

    Requests that may overlap are sent first and concurrently; timed requests are sent
    afterwards, while no other request is in flight.

    Args:
        checks: The checks to run.
        session: The session with the target; it sends the requests.
        target: The target as the user wrote it, for the results.
        slow: Whether to run the checks that are marked as slow.
        command: The command line that verifies *target*, for `Result.again`.
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
    Return the result of one check; send its requests unless they were sent before.

    Args:
        check: The check to run.
        session: The session with the target; it sends the requests.
        target: The target as the user wrote it, for the result.
        slow: Whether to run the check even if it is marked as slow.
        command: The command line that verifies *target*, for `Result.again`.
    """
    exchanges: list[Exchange] = []
    figures: dict[str, float] = {}
    reason = inapplicable(check, session.profile, slow=slow)
    if reason is None and check.explores is not None:
        verdict = _explore(check, session, exchanges)
    elif reason is None:
        verdict = _judge(check, session, exchanges, figures)
    else:
        verdict = Verdict(Outcome.SKIP, reason=reason)
    verdict = _apply_waiver(verdict, check.id, session.profile)
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


def _judge(
    check: Check,
    session: Session,
    exchanges: list[Exchange],
    figures: dict[str, float],
) -> Verdict:
    """
    Send the probes of *check* and return its verdict.

    Adds to *exchanges* and *figures* also if the check cannot be judged to its end.
    """
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
            findings.append(finding)  # noqa: PERF402  # kept even if the judge raises
    except (RequestLimitReached, NotAnswering) as reason:
        return Verdict(Outcome.ERROR, reason=f"{reason}")
    except (CanaryUnavailable, NotRecorded, padding.CannotPad) as reason:
        return Verdict(Outcome.SKIP, reason=f"{reason}")
    except NotApplicable as reason:
        if not findings:
            return Verdict(Outcome.SKIP, reason=f"{reason}")
    except Exception as error:  # noqa: BLE001  # any exception of a check is its bug
        message = str(CheckError(check.id, error))
        return Verdict(Outcome.ERROR, tuple(findings), message, broken=True)
    outcome = Outcome.FAIL if findings else Outcome.PASS
    return Verdict(outcome, tuple(with_hint(check, findings, exchanges)))


def _explore(check: Check, session: Session, exchanges: list[Exchange]) -> Verdict:
    """
    Return the verdict on the smallest failing example, or on all generated examples.

    Each example is judged as a check of its own that sends the probes of the example.
    Equal requests are sent once, so a server whose responses vary does not confuse
    the search. The exchanges that the verdict rests on are added to *exchanges*.
    """
    verdicts: dict[Outcome, Verdict] = {}
    sent: dict[tuple[Probe, ...], tuple[Exchange, ...]] = {}
    failed: dict[tuple[Probe, ...], Verdict] = {}

    def fails(probes: tuple[Probe, ...]) -> bool:
        if Outcome.ERROR in verdicts:
            return False  # further examples would end in the same error
        example: list[Exchange] = []
        judged = replace(check, sends=probes, explores=None)
        verdict = _judge(judged, session, example, {})
        sent[probes] = tuple(example)
        verdicts[verdict.outcome] = verdict
        if verdict.outcome is Outcome.FAIL:
            failed[probes] = verdict
        return verdict.outcome is Outcome.FAIL

    local = urlsplit(session.url).hostname in LOOPBACK_HOSTS
    try:
        ensure_available()  # first, because strategies import Hypothesis
        found: tuple[Probe, ...] | None = smallest(
            check.explores(session.profile) if check.explores else None,
            fails,
            most=session.profile.max_examples,
            seed=session.seed,
            shrink=session.profile.shrinks or local,
        )
    except UsageError as missing:
        return Verdict(Outcome.SKIP, reason=f"{missing}")
    if found is not None:
        exchanges += sent[found]
        return replace(
            failed[found],
            findings=tuple(
                replace(finding, at=_commands(session, exchanges, finding.at))
                for finding in failed[found].findings
            ),
        )
    exchanges += [exchange for example in sent.values() for exchange in example]
    for outcome in (Outcome.ERROR, Outcome.PASS, Outcome.SKIP):
        if outcome in verdicts:
            return verdicts[outcome]
    return Verdict(Outcome.SKIP, reason="no example was generated")


def _commands(session: Session, exchanges: list[Exchange], place: str) -> str:
    """Return *place*, if any, followed by the curl commands that repeat *exchanges*."""
    key = VARIABLE if session.key else None
    commands = (curl(session.url, e.request, key=key) for e in exchanges)
    return "; ".join([*([place] if place else []), *commands])


def _apply_waiver(verdict: Verdict, check: str, profile: Profile) -> Verdict:
    """
    Return *verdict* with the waiver of *profile* for *check*, if any, applied.

    A user's waiver that is no longer needed is a failure, like a strict xfail. A
    built-in waiver that is no longer needed is only mentioned, because the server has
    improved since this package was released.
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
