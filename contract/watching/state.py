"""What is known of a watched target, and which changes of it are confirmed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from contract.model.chat import Json
from contract.run.report import Outcome, Report, Result

FORMAT = "watch-event-v1"
MOST_NAMED = 5  # checks that a sentence names


class Condition(StrEnum):
    """The condition of a target, as of its last run."""

    UNKNOWN = "unknown"  # there was no run yet
    PASSING = "passing"
    FAILING = "failing"
    AWAY = "away"  # it could not be opened: no connection, no access, no chat
    INCONCLUSIVE = "inconclusive"  # nothing fails, and not everything was judged


class Kind(StrEnum):
    """The kind of a change."""

    BROKEN = "broken"
    FIXED = "fixed"
    AWAY = "away"
    BACK = "back"


# What a person has to be woken for.
BAD = frozenset({Kind.BROKEN, Kind.AWAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One confirmed change of one target."""

    kind: Kind
    # The target, without its key.
    target: str
    # When it was confirmed, and since when it holds, ISO 8601 in UTC.
    at: str
    since: str
    # The condition of the target from now on.
    condition: Condition
    # By the id of each check that changed, the first finding; empty if it was fixed.
    checks: Mapping[str, str] = field(default_factory=dict)
    # Why the target is away, or since when it was; empty otherwise.
    reason: str = ""

    @property
    def sentence(self) -> str:
        """The change in one line, without the target."""
        if self.kind is Kind.AWAY:
            return f"away since {self.since}: {self.reason}"
        if self.kind is Kind.BACK:
            return f"back; it was away since {self.since}"
        names = list(self.checks)
        shown = ", ".join(names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else ""
        found = next(iter(self.checks.values()), "")
        return f"{self.kind} {shown}{more}{f': {found}' if found else ''}"

    @property
    def json(self) -> dict[str, Json]:
        """The change for programs: the body of a webhook, the input of a command."""
        return {
            "format": FORMAT,
            "kind": self.kind.value,
            "target": self.target,
            "at": self.at,
            "since": self.since,
            "condition": self.condition.value,
            "checks": [
                {"check": name, "message": message}
                for name, message in self.checks.items()
            ],
            "reason": self.reason,
            "text": f"{self.target}: {self.sentence}",
        }


@dataclass(slots=True, kw_only=True)
class Watched:
    """
    One target that is watched; a change counts once it was seen twice.

    Usage::

        suspects = watched.to_repeat(report)
        again = verify(suspects) if suspects else None
        for change in watched.settle(report, again, at=now):
            print(change.sentence)
    """

    # The target, without its key.
    target: str
    condition: Condition = Condition.UNKNOWN
    # Since when it is in this condition, ISO 8601 in UTC.
    since: str = ""
    # The checks that are known to fail, with their first finding.
    failing: dict[str, str] = field(default_factory=dict)
    # The checks that failed in the last run, but not when they were repeated.
    suspects: frozenset[str] = frozenset()
    # How many failures a repetition did not confirm.
    unconfirmed: int = 0

    def remember(self, report: Report) -> None:
        """Take what failed in *report*, of an earlier session, as known."""
        self.failing = _violations(report)
        self.condition = _condition(report, self.failing)
        self.since = report.headers[0].started if report.headers else ""

    def to_repeat(self, report: Report) -> tuple[str, ...]:
        """
        Return the checks to run once more, before *report* is believed.

        They are those that fail and are not known to, and those that are known to fail
        and do not. A check that is judged on the replies of all others is repeated with
        the check whose request showed it.
        """
        if is_away(report):
            return ()
        found = _violations(report).keys()
        new = found - self.failing.keys() - self.suspects
        fixed = self.failing.keys() & _sound(report)
        names: dict[str, None] = {}
        for result in report.results:
            if result.check.id in new | fixed:
                names |= dict.fromkeys((result.check.id, *_senders(result)))
        return tuple(names)

    def settle(
        self, report: Report, again: Report | None, *, at: str
    ) -> tuple[Change, ...]:
        """
        Return the changes that *report* shows and *again*, its repetition, confirms.

        Args:
            report: The report of a run of this target.
            again: The report of the checks that `to_repeat` named, or, if the target
                was away, of the second attempt to open it; None if there was none.
            at: The time now, ISO 8601 in UTC.
        """
        if is_away(report):
            return self._away(report, at) if again is None or is_away(again) else ()
        changes = []
        if self.condition is Condition.AWAY:
            changes.append(self._change(Kind.BACK, at, since=self.since))
        found, sound = _violations(report), _sound(report)
        confirming = {} if again is None else _violations(again)
        new = {
            name: message
            for name, message in found.items()
            if name not in self.failing
            and (name in confirming or name in self.suspects)
        }
        passed_again = frozenset() if again is None else _sound(again)
        fixed = dict.fromkeys(self.failing.keys() & sound & passed_again, "")
        self.suspects = frozenset(found.keys() - self.failing.keys() - new.keys())
        self.unconfirmed += len(self.suspects)
        self.failing = {
            name: found.get(name, message)
            for name, message in {**self.failing, **new}.items()
            if name not in fixed
        }
        condition = _condition(report, self.failing, self.suspects)
        if condition is not self.condition:
            self.condition, self.since = condition, at
        if new:
            changes.append(self._change(Kind.BROKEN, at, checks=new))
        if fixed:
            changes.append(
                self._change(Kind.FIXED, at, checks=dict(sorted(fixed.items())))
            )
        return tuple(changes)

    def _away(self, report: Report, at: str) -> tuple[Change, ...]:
        if self.condition is Condition.AWAY:
            return ()
        self.condition, self.since = Condition.AWAY, at
        reason = report.headers[0].trouble if report.headers else "no answer"
        return (self._change(Kind.AWAY, at, reason=reason),)

    def _change(
        self,
        kind: Kind,
        at: str,
        *,
        since: str = "",
        checks: Mapping[str, str] | None = None,
        reason: str = "",
    ) -> Change:
        return Change(
            kind=kind,
            target=self.target,
            at=at,
            since=since or at,
            condition=self.condition,
            checks=checks or {},
            reason=reason.partition("\n")[0],
        )


def is_away(report: Report) -> bool:
    """Return whether the target of *report* could not be opened."""
    return not report.results and any(header.trouble for header in report.headers)


def _condition(
    report: Report, failing: Mapping[str, str], suspects: Iterable[str] = ()
) -> Condition:
    if failing:
        return Condition.FAILING
    judged = not any(header.trouble for header in report.headers)
    judged &= all(result.outcome is not Outcome.ERROR for result in report.results)
    return Condition.PASSING if judged or set(suspects) else Condition.INCONCLUSIVE


def _violations(report: Report) -> dict[str, str]:
    """Return the checks that fail the run, each with its first finding."""
    return {
        result.check.id: result.findings[0].message if result.findings else ""
        for result in report.results
        if report.violates(result)
    }


def _sound(report: Report) -> frozenset[str]:
    """Return the checks that were judged and do not fail the run."""
    return frozenset(
        result.check.id
        for result in report.results
        if result.outcome not in {Outcome.SKIP, Outcome.ERROR}
        and not report.violates(result)
    )


def _senders(result: Result) -> Iterable[str]:
    """Return the checks that the command for *result* selects."""
    words = shlex.split(result.again)
    return [after for word, after in pairwise(words) if word == "--select"]
