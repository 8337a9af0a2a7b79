"""Judgement of invariants: requirements on every reply of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import islice

from contract.detection.error_message import BUSY
from contract.errors import CannotJudge, CheckError, ContractError, surrender
from contract.model.check import Check, Finding, NotApplicable, Scope
from contract.model.exchange import Exchange
from contract.model.features import features_of
from contract.model.response_kind import NOT_AN_ANSWER, ResponseKind, is_chat, kind_of
from contract.run.report import Tally
from contract.run.separation import describe

# Findings about one reply: a broken stream can yield the same one for every event.
MOST_PER_REPLY = 10
ERRORS = frozenset({ResponseKind.REJECTED, ResponseKind.FAILED})
ATTEMPTS = NOT_AN_ANSWER | {ResponseKind.ANSWERED, ResponseKind.TIMED_OUT}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the replies of a run show of one invariant."""

    # The number of replies that it was judged on.
    judged: int
    # The exchanges whose replies broke it, the smallest request first.
    broken: tuple[Exchange, ...]
    # What the judge found in the first of those.
    findings: tuple[Finding, ...]
    # Why the first reply in the scope that was not judged was not; empty otherwise.
    reason: str
    # The waivers that excused a failing reply: the reasons by feature.
    excused: Mapping[str, str]
    # The replies that kept it.
    sound: tuple[Exchange, ...]
    # Why a reply was too much for this program to judge; empty if none was.
    unjudged: str = ""

    @property
    def tally(self) -> Tally:
        """The numbers of the report, and what the failing replies have in common."""
        if not self.broken:
            return Tally(judged=self.judged)
        broken, sound = (
            [features_of(exchange.sent, exchange.probe) for exchange in exchanges]
            for exchanges in (self.broken, self.sound)
        )
        return Tally(
            judged=self.judged, broken=len(broken), where=describe(broken, sound)
        )


class Replies:
    """
    The exchanges of a run by scope; each is classed once for all invariants.

    It is also judged by all of them one after the other: what they derive from a large
    one is not kept for long, and would be computed again for each.
    """

    def __init__(
        self, checks: Iterable[Check] = (), expected: frozenset[str] = frozenset()
    ) -> None:
        """
        *checks* will be judged; those that are no invariants are ignored.

        *expected* are the names of the requests in the scope `Scope.COMBINED`.
        """
        self._expected = expected
        self._known: dict[int, Exchange] = {}
        self._scopes: Mapping[Scope, list[Exchange]] = {one: [] for one in Scope}
        self._scopes_of: dict[int, frozenset[Scope]] = {}
        self._invariants = tuple(c for c in checks if c.every and not c.across)
        # By check and exchange, until they are asked for.
        self._answers: dict[tuple[str, int], Answer] = {}

    def within(
        self, scope: Scope, exchanges: Iterable[Exchange]
    ) -> tuple[Exchange, ...]:
        """Return all exchanges in *scope* so far, including the new *exchanges*."""
        for exchange in exchanges:
            number = _number(exchange)
            if number not in self._known:
                # It is kept, so that its id is not given to another one.
                self._known[number] = exchange
                self._scopes_of[number] = frozenset(scopes_of(exchange, self._expected))
                for one in self._scopes_of[number]:
                    self._scopes[one].append(exchange)
        return tuple(self._scopes[scope])

    def ask(self, check: Check, exchange: Exchange) -> Answer:
        """
        Return what the judge of *check* says about *exchange*, as `ask` does.

        All other invariants in whose scope it is are asked at the same time.
        """
        number = _number(exchange)
        if (check.id, number) not in self._answers:
            scopes = self._scopes_of.get(number, frozenset())
            for one in dict.fromkeys((check, *self._invariants)):
                if one is check or one.every in scopes:
                    self._answers[one.id, number] = ask(one, exchange)
        return self._answers.pop((check.id, number))


def _number(exchange: Exchange) -> int:
    # In a replay, requests that are alike share the bytes of one response.
    return id(exchange.arrivals or exchange)


def scopes_of(
    exchange: Exchange, expected: frozenset[str] = frozenset()
) -> Iterator[Scope]:
    """
    Yield the scopes that *exchange* belongs to.

    *expected* are the names of combined requests, as `expected_names` returns them.
    """
    kind = kind_of(exchange)
    if exchange.status is None or kind is ResponseKind.LEFT:
        return
    yield Scope.RESPONSES
    if exchange.probe.name in expected and exchange.status not in BUSY:
        yield Scope.COMBINED
    if is_chat(exchange):
        yield from _scopes_of_chat(exchange, kind)


def _scopes_of_chat(exchange: Exchange, kind: ResponseKind) -> Iterator[Scope]:
    if kind in ERRORS and exchange.status not in BUSY:
        yield Scope.ERRORS
    if exchange.status != HTTPStatus.OK:
        return
    if kind in ATTEMPTS:
        yield Scope.ATTEMPTS
    wanted = exchange.sent.get("stream", exchange.probe.stream)
    streamed, whole = wanted is True, wanted is None or wanted is False
    if kind is ResponseKind.ANSWERED:
        yield Scope.ANSWERS
        if streamed:
            yield Scope.STREAMS
        if whole:
            yield Scope.WHOLE
    if whole and kind in {ResponseKind.ANSWERED, ResponseKind.UNREADABLE}:
        yield Scope.BODIES


@dataclass(frozen=True, slots=True)
class Answer:
    """What a judge says about one exchange, or about several that it compares."""

    findings: tuple[Finding, ...] = ()
    # Why there is nothing to judge; empty otherwise.
    reason: str = ""
    # `CheckError` or `CannotJudge`.
    error: ContractError | None = None


def ask(check: Check, *exchanges: Exchange) -> Answer:
    """Return what the judge of *check* says about *exchanges*."""
    findings: list[Finding] = []
    try:
        for finding in islice(check.judge(*exchanges), MOST_PER_REPLY):
            findings.append(finding)  # noqa: PERF402  # kept even if the judge raises
    except NotApplicable as why:
        return Answer(tuple(findings), reason=str(why))
    except BaseException as error:
        if (reason := surrender(error)) is not None:
            return Answer(error=reason)
        if isinstance(error, Exception):
            return Answer(error=CheckError(check.id, error))
        raise
    return Answer(tuple(findings))


def judge_replies(
    check: Check,
    exchanges: Iterable[Exchange],
    asked: Callable[[Check, Exchange], Answer] = ask,
) -> Judgement:
    """
    Return what *exchanges*, all in the scope of the invariant *check*, show of it.

    *asked* asks the judge about one of them.

    Raises `CheckError` if the judge itself fails, and `CannotJudge` if it compares
    replies that are too much for this program.
    """
    if check.across:
        return _compare_replies(check, tuple(exchanges))
    sound: list[Exchange] = []
    broken: list[tuple[Exchange, tuple[Finding, ...]]] = []
    reason = ""
    excused: dict[str, str] = {}
    unjudged = ""
    for exchange in exchanges:
        answer = asked(check, exchange)
        findings = answer.findings
        if isinstance(answer.error, CannotJudge):
            unjudged = unjudged or f"request {exchange.probe.name} {answer.error}"
            continue
        if answer.error is not None:
            raise answer.error
        if answer.reason and not findings:
            reason = reason or answer.reason
            continue
        excuses = waived(check, exchange) if findings else {}
        excused |= excuses
        if findings and not excuses:
            broken.append((exchange, findings))
        elif not findings:
            sound.append(exchange)
    broken.sort(key=lambda pair: len(pair[0].request.body))
    return Judgement(
        judged=len(sound) + len(broken),
        broken=tuple(exchange for exchange, _ in broken),
        findings=located(*broken[0]) if broken else (),
        reason=reason,
        excused=excused,
        sound=tuple(sound),
        unjudged=unjudged,
    )


def _compare_replies(check: Check, exchanges: tuple[Exchange, ...]) -> Judgement:
    """Return what the *exchanges*, compared with each other, show of *check*."""
    answer = ask(check, *exchanges) if exchanges else Answer()
    if answer.error is not None:
        raise answer.error
    findings, reason = answer.findings, answer.reason
    broken: list[Exchange] = []
    sound: list[Exchange] = []
    for exchange in exchanges:
        named = any(_names(finding.at, exchange.probe.name) for finding in findings)
        (broken if named else sound).append(exchange)
    if findings and not broken:  # a judge that names no request
        broken, sound = sound, broken
    excused = {k: v for x in broken for k, v in waived(check, x).items()}
    broken = [exchange for exchange in broken if not waived(check, exchange)]
    broken.sort(key=lambda exchange: len(exchange.request.body))
    judged = 0 if reason and not findings else len(sound) + len(broken)
    return Judgement(
        judged=judged,
        broken=tuple(broken),
        findings=findings if broken else (),
        reason=reason,
        excused=excused,
        sound=tuple(sound),
    )


def _names(place: str, name: str) -> bool:
    """Return whether the location *place* begins with the request *name*."""
    return place == f"request {name}" or place.startswith(f"request {name},")


def waived(check: Check, exchange: Exchange) -> dict[str, str]:
    """Return the waivers of *check* for features that *exchange* has."""
    own = {
        key.partition("@")[2]: why
        for key, why in exchange.profile.waivers.items()
        if key.startswith(f"{check.id}@")
    }
    if not own:
        return {}
    features = features_of(exchange.sent, exchange.probe)
    return {feature: why for feature, why in own.items() if feature in features}


def located(exchange: Exchange, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the *findings* with the name of the request in their location."""
    name = exchange.probe.name
    return tuple(
        finding
        if name in finding.at
        else replace(finding, at=f"request {name}" + (finding.at and f", {finding.at}"))
        for finding in findings
    )
