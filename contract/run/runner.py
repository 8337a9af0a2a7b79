"""Execution of checks on one target: sending, triage, judging and waivers."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from urllib.parse import urlsplit

from contract.client.curl import repeated
from contract.client.session import (
    CanaryUnavailable,
    NotAnswering,
    NotRecorded,
    RequestLimitReached,
    Session,
    TimeIsUp,
)
from contract.errors import CheckError, UsageError, surrender
from contract.model.address import LOOPBACK_HOSTS
from contract.model.check import (
    Check,
    Combined,
    Finding,
    Level,
    NotApplicable,
    Scope,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.plugins.discovery import culprit
from contract.run.bounded import send_within
from contract.run.explore import ensure_available, smallest
from contract.run.invariants import Judgement, Replies, judge_replies
from contract.run.plan import (
    combined_of,
    expected_names,
    fitted,
    inapplicable,
    is_ordered,
    plan_requests,
)
from contract.run.report import Outcome, Result
from contract.run.triage import Verdict, triage, with_hint
from contract.run.worth import by_worth
from contract.tokens import padding

VERIFY = ("magistral-contract", "verify")
# A judge of a broken stream can yield the same finding for every event of it.
MOST_FINDINGS = 50
# In characters; a request with an image or a long prompt is not printed.
LONGEST_COMMAND = 4_000
# What keeps a check from being asked, which is no failure of anyone.
_UNASKED = (CanaryUnavailable, NotRecorded, TimeIsUp, padding.CannotPad)


def judge_all(  # noqa: PLR0913  # what one run is made of
    checks: Iterable[Check],
    session: Session,
    target: str,
    *,
    slow: bool = False,
    command: tuple[str, ...] = (),
    deadline: float | None = None,
) -> Iterator[Result]:
    """
    Yield the result of every check as soon as it is known, invariants last.

    Requests that may overlap are sent first and concurrently; timed requests are sent
    afterwards, while no other request is in flight. Invariants are judged on the
    exchanges of the whole run.

    Args:
        checks: The checks to run.
        session: The session with the target; it sends the requests.
        target: The target as the user wrote it, for the results.
        slow: Whether to run the checks that are marked as slow.
        command: The command line that verifies *target*, for `Result.again`.
        deadline: Moment of `time.monotonic` when the last response must have come.
            Checks are then asked in the order of their worth, as far as they fit; the
            others are skipped.
    """
    known = tuple(checks)
    if deadline is None:
        planned = plan_requests(
            known, session.profile, slow=slow, thorough=session.thorough
        )
        session.expect(planned.alone)
        session.prefetch(planned.together)
        left = [check for check in known if _is_open(check, session, slow=slow)]
        session.prefetch(probe for check in left for probe in check.sends)
    else:
        send_within(
            by_worth(
                known,
                session.profile,
                concurrency=session.concurrency,
                slow=slow,
                thorough=session.thorough,
            ),
            session,
            deadline,
            is_open=lambda check: _is_open(check, session, slow=slow),
        )
    open_ = tuple(
        check
        for check in known
        if inapplicable(check, session.profile, slow=slow) is None
    )
    if session.is_recorded:
        _read_combined(open_, session)
    replies = _replies(open_, session.profile)
    senders = {
        probe: check.id
        for check in reversed(known)
        for sends in (*(one.sends for one in check.combined), check.sends)
        for probe in sends
    }
    # Invariants come last, because they are judged on what all others have sent.
    for check in sorted(known, key=lambda check: check.every is not None):
        yield judge_check(
            check,
            session,
            target,
            slow=slow,
            command=command,
            replies=replies,
            senders=senders,
        )


def _read_combined(checks: Iterable[Check], session: Session) -> None:
    """
    Read the combined requests of *checks* that the recorded *session* has.

    Its run sent them, and judged invariants on their replies, also where the own
    requests of a check had to follow and are what it is judged by.
    """
    for check in checks:
        combined = combined_of(check, session.profile, thorough=False)
        for probe in combined.sends if combined else ():
            _is_known(probe, session)


def _replies(checks: Iterable[Check], profile: Profile) -> Replies:
    known = tuple(checks)
    return Replies(known, expected_names(known, profile))


def judge_check(  # noqa: PLR0913  # what one run shares between its checks
    check: Check,
    session: Session,
    target: str,
    *,
    slow: bool = False,
    command: tuple[str, ...] = (),
    replies: Replies | None = None,
    senders: Mapping[Probe, str] | None = None,
) -> Result:
    """
    Return the result of one check; send its requests unless they were sent before.

    An invariant is judged on every exchange of *session* so far.

    Args:
        check: The check to run.
        session: The session with the target; it sends the requests.
        target: The target as the user wrote it, for the result.
        slow: Whether to run the check even if it is marked as slow.
        command: The command line that verifies *target*, for `Result.again`.
        replies: The replies of earlier invariants of the same session, to class no
            exchange twice.
        senders: The id of a check that sends a probe, by probe, for `Result.again`.
    """
    check = fitted(check, session.profile)
    exchanges: list[Exchange] = []
    judgement: Judgement | None = None
    figures: dict[str, float] = {}
    reason = inapplicable(check, session.profile, slow=slow)
    try:
        if reason is None and check.explores is not None:
            verdict = _explore(check, session, exchanges)
        elif reason is None and check.every is not None:
            verdict, judgement = _judge_invariant_in_two_steps(
                check,
                session,
                exchanges,
                replies or _replies((check,), session.profile),
            )
        elif reason is None:
            verdict = _judge_in_two_steps(check, session, exchanges, figures)
        else:
            verdict = Verdict(Outcome.SKIP, reason=reason)
    except BaseException as error:
        # Whatever one check cannot handle must not end the run of all others.
        caught = _caught(check, error)
        if caught is None:
            raise
        verdict = caught
    verdict = apply_waiver(verdict, check.id, session.profile)
    again = [*(command or (*VERIFY, target)), "--select", check.id]
    worst = judgement.broken[0] if judgement and judgement.broken else None
    if worst is not None and worst.probe not in check.sends:
        sender = (senders or {}).get(worst.probe)
        again += ["--select", sender] if sender is not None else []
    if check.slow:
        again.append("--slow")
    if check.explores is not None and session.seed is not None:
        again += ["--seed", str(session.seed)]
    return Result(
        check=at_level(check, session.profile),
        target=target,
        outcome=verdict.outcome,
        findings=verdict.findings,
        reason=verdict.reason,
        again=shlex.join(again),
        broken=verdict.broken,
        seconds=sum(exchange.elapsed for exchange in exchanges),
        exchanges=tuple(exchanges),
        figures=figures,
        tally=judgement.tally if judgement is not None else None,
        curl="" if worst is None else _curl(session, worst),
    )


def at_level(check: Check, profile: Profile) -> Check:
    """
    Return *check* at the level at which it is judged in *profile*.

    What tests a capability that only a page promises is a SHOULD: the page may be
    wrong, or not true of this account. So is all of a profile that was never run.
    """
    unseen = profile.never_run or check.needs & profile.unverified
    if check.level is Level.MUST and unseen:
        weaker = check.requirement.replace(Level.MUST, Level.SHOULD, 1)
        return replace(check, requirement=weaker)
    return check


def _judge_in_two_steps(
    check: Check,
    session: Session,
    exchanges: list[Exchange],
    figures: dict[str, float],
) -> Verdict:
    """
    Return the verdict by the combined requests of *check* if they are a clear pass.

    Otherwise, its own requests are sent and judged.
    """
    combined = _combined(check, session)
    if combined is None:
        return _judge(check, session, exchanges, figures)
    seen: list[Exchange] = []
    first = _judge_combined(check, combined, session, seen)
    if _is_settled(first, combined, seen):
        exchanges += seen
        return first
    verdict = _judge(check, session, exchanges, figures)
    if verdict.outcome is Outcome.SKIP and first.findings:
        # Another profile than that of the recording, which has no more requests.
        exchanges[:] = seen
        return replace(verdict, reason=f"{first.findings[0].message}; {verdict.reason}")
    return verdict


def _combined(check: Check, session: Session) -> Combined | None:
    """
    Return the combined requests of *check* to judge; None for its own.

    A recording has what its run sent, whatever was asked of that one: the own requests
    say more, so they are judged where it has them all.
    """
    if not check.combined:
        return None
    if not session.is_recorded:
        return combined_of(check, session.profile, thorough=session.thorough)
    if check.sends and all(_is_known(probe, session) for probe in check.sends):
        return None
    return combined_of(check, session.profile, thorough=False)


def _is_known(probe: Probe, session: Session) -> bool:
    try:
        session.send(probe)
    except _UNASKED:
        return False
    return True


def _judge_combined(
    check: Check, combined: Combined, session: Session, exchanges: list[Exchange]
) -> Verdict:
    """Return what the *combined* requests of *check* show of it."""
    narrowed = replace(
        check,
        sends=combined.sends,
        judge=combined.judge or check.judge,
        expects=combined.expects,
        combined=(),
    )
    return _judge(narrowed, session, exchanges, {})


def _is_settled(
    verdict: Verdict, combined: Combined, exchanges: list[Exchange]
) -> bool:
    """Return whether *verdict*, by *exchanges* of *combined* requests, is final."""
    if verdict.outcome is Outcome.PASS or verdict.broken:
        return True
    asked = len(exchanges) == len(combined.sends)
    return combined.samples and asked and verdict.outcome is Outcome.SKIP


def _is_open(check: Check, session: Session, *, slow: bool) -> bool:
    """Return whether the combined requests of *check* were sent and settle nothing."""
    if (
        check.every is not None
        or is_ordered(check)
        or inapplicable(check, session.profile, slow=slow) is not None
        or (combined := _combined(check, session)) is None
    ):
        return False
    seen: list[Exchange] = []
    try:
        verdict = _judge_combined(check, combined, session, seen)
    except Exception:  # noqa: BLE001  # it is judged again, and reported, later
        return False
    return not _is_settled(verdict, combined, seen)


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
        judged, troubles = _answers(check, session, exchanges)
        if troubles and (not judged or not _repeats_one_request(check)):
            return troubles[0]
        findings += _failed_samples(check, troubles)
        figures.update(check.measures(*judged) if check.measures else {})
        for finding in islice(check.judge(*judged), MOST_FINDINGS):
            findings.append(finding)  # kept even if the judge raises
    except (RequestLimitReached, NotAnswering) as reason:
        return Verdict(Outcome.ERROR, reason=f"{reason}")
    except _UNASKED as reason:
        return Verdict(Outcome.SKIP, reason=f"{reason}")
    except NotApplicable as reason:
        if not findings:
            return Verdict(Outcome.SKIP, reason=f"{reason}")
    except BaseException as error:
        caught = _caught(check, error)
        if caught is None:
            raise
        return replace(caught, findings=tuple(findings))
    outcome = Outcome.FAIL if findings else Outcome.PASS
    return Verdict(outcome, tuple(with_hint(check, findings, exchanges)))


def _caught(check: Check, error: BaseException) -> Verdict | None:
    """
    Return the verdict on *check* if it raised *error*; None if that ends the run.

    An exception is a bug in the check, unless compiled code or the memory gave up on
    what it was to judge.
    """
    if (reason := surrender(error)) is not None:
        return Verdict(Outcome.ERROR, reason=f"{reason}")
    if isinstance(error, Exception):
        cause = error.cause if isinstance(error, CheckError) else error
        plugin = culprit(cause)
        crash = CheckError(check.id, cause, "" if plugin is None else f"{plugin}")
        return Verdict(Outcome.ERROR, reason=f"{crash}", broken=True)
    return None


def _answers(
    check: Check, session: Session, exchanges: list[Exchange]
) -> tuple[list[Exchange], list[Verdict]]:
    """
    Send the probes of *check*; return what can be judged, and why the others cannot.

    Without samples of one request, the first that cannot be judged ends it. All
    exchanges are added to *exchanges*, also if a probe cannot be sent.
    """
    judged: list[Exchange] = []
    troubles: list[Verdict] = []
    for probe in check.sends:
        exchange = session.send(probe)
        exchanges.append(exchange)
        trouble = triage(check, exchange)
        if trouble is None:
            judged.append(exchange)
            continue
        troubles.append(trouble)
        if not _repeats_one_request(check):
            break
    return judged, troubles


def _repeats_one_request(check: Check) -> bool:
    """Return whether *check* measures samples of one request, any of which may fail."""
    first, *others = check.sends
    return check.measures is not None and all(
        replace(other, sample=first.sample) == first for other in others
    )


def _failed_samples(check: Check, troubles: list[Verdict]) -> Iterator[Finding]:
    """Yield a finding for the samples of *check* that failed, if any did."""
    if troubles:
        reason = troubles[0].reason or troubles[0].findings[0].actual
        yield Finding(
            f"{len(troubles)} of {len(check.sends)} samples failed and do not count",
            expected="every request answered",
            actual=reason,
        )


def _judge_invariant_in_two_steps(
    check: Check, session: Session, exchanges: list[Exchange], replies: Replies
) -> tuple[Verdict, Judgement | None]:
    """Send the own requests of the invariant *check* only if nothing can be judged."""
    combined = _combined(check, session)
    if combined is not None:
        shared = replace(check, sends=combined.sends, combined=())
        found = _judge_invariant(shared, session, exchanges, replies)
        if found[1] is not None:
            return found
        exchanges.clear()
    return _judge_invariant(check, session, exchanges, replies)


def _judge_invariant(
    check: Check, session: Session, exchanges: list[Exchange], replies: Replies
) -> tuple[Verdict, Judgement | None]:
    """
    Send the probes of the invariant *check*, and judge it on all exchanges so far.

    Adds to *exchanges* those of its own probes, and the smallest failing one. A
    verdict without a judgement says why not even one reply could be judged. Raises
    what `judge_replies` raises.
    """
    try:
        for probe in check.sends:
            exchanges.append(session.send(probe))  # noqa: PERF401  # kept if one raises
    except (RequestLimitReached, NotAnswering) as problem:
        trouble: Verdict | None = Verdict(Outcome.ERROR, reason=f"{problem}")
    except _UNASKED as problem:
        trouble = Verdict(Outcome.SKIP, reason=f"{problem}")
    else:
        trouble = None
    scope = replies.within(
        check.every or Scope.RESPONSES, (*exchanges, *session.exchanges())
    )
    judgement = judge_replies(check, scope, replies.ask)
    if judgement.broken:
        worst = judgement.broken[0]
        if worst not in exchanges:
            exchanges.append(worst)
        # The check's own probes have both forms: a setting may concern streams alone.
        findings = with_hint(check, list(judgement.findings), exchanges)
        return Verdict(Outcome.FAIL, tuple(findings)), judgement
    if judgement.unjudged:
        return Verdict(Outcome.ERROR, reason=judgement.unjudged), None
    if judgement.judged:
        excused = (f"{feature}: {why}" for feature, why in judgement.excused.items())
        reason = "waived for replies with " + "; ".join(excused)
        return Verdict(
            Outcome.PASS, reason=reason if judgement.excused else ""
        ), judgement
    if trouble is None:
        own = (triage(check, exchange) for exchange in exchanges)
        trouble = next((verdict for verdict in own if verdict is not None), None)
    reason = judgement.reason or "no reply of the run is one that it judges"
    return trouble or Verdict(Outcome.SKIP, reason=reason), None


def _curl(session: Session, exchange: Exchange) -> str:
    """Return the command that repeats the request of *exchange*, or its length."""
    command = repeated(session, exchange.request, exchange.probe.key)
    if len(command) <= LONGEST_COMMAND:
        return command
    return (
        f"the request {exchange.probe.name} has {len(exchange.request.body)} bytes; "
        "--save DIR keeps it"
    )


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
    commands = (repeated(session, e.request, e.probe.key) for e in exchanges)
    return "; ".join([*([place] if place else []), *commands])


def apply_waiver(verdict: Verdict, check: str, profile: Profile) -> Verdict:
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
