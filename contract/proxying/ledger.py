"""The ledger of a proxy: what each invariant found in what passed, and the times."""

from __future__ import annotations

import random
import shlex
from array import array
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus

from contract.client.curl import repeated
from contract.client.session import Session
from contract.errors import CannotJudge, CheckError
from contract.model.chat import CHAT, RESPONSES
from contract.model.check import Check, Finding
from contract.model.exchange import Exchange
from contract.model.features import features_of
from contract.model.response_kind import ResponseKind, is_chat, kind_of
from contract.model.timing import percentile
from contract.run.content_coding import coding_of, decoded, is_readable
from contract.run.invariants import Answer, ask, located, scopes_of, waived
from contract.run.latencies import MOST_STREAMS, StreamTimes, stream_times
from contract.run.plan import inapplicable
from contract.run.report import Header, Outcome, Report, Result, Tally
from contract.run.runner import LONGEST_COMMAND, apply_waiver, judge_check
from contract.run.separation import describe
from contract.run.triage import Verdict, with_hint

EXAMPLES = 5  # exchanges of a result
COMPARED = 2_000  # exchanges that are compared with each other at the end
COMPARED_BYTES = 64 * 2**20
_MOST_OF_ONE = COMPARED_BYTES // 8
VALUES = 50_000  # of each latency; of more, a random sample
_PERCENTS = (50, 95, 99)
_NOTHING = "no reply that passed is one that it judges"
_NOT_RECORDED = "not in the recording"


@dataclass(slots=True)
class _Row:
    """What one invariant found so far."""

    sound: Counter[frozenset[str]] = field(default_factory=Counter)
    broken: Counter[frozenset[str]] = field(default_factory=Counter)
    # The failing exchange with the smallest request, and what was found in it.
    worst: tuple[Exchange, tuple[Finding, ...]] | None = None
    examples: list[Exchange] = field(default_factory=list)
    reason: str = ""
    excused: dict[str, str] = field(default_factory=dict)
    unjudged: str = ""
    crash: CheckError | None = None

    @property
    def tally(self) -> Tally:
        broken, sound = self.broken.total(), self.sound.total()
        where = ""
        if broken:
            where = describe([*self.broken], [*self.sound])
            # Feature sets that occur on both sides separate nothing.
            if set(self.broken) & set(self.sound):
                where = describe([*_spread(self.broken)], [*_spread(self.sound)])
        return Tally(judged=broken + sound, broken=broken, where=where)


def _spread(counts: Counter[frozenset[str]]) -> Iterator[frozenset[str]]:
    """Yield each set as often as it was seen, at most a thousand in all, in ratio."""
    total = counts.total()
    for features, count in counts.items():
        times = count if total <= 1_000 else max(1, round(1_000 * count / total))  # noqa: PLR2004  # as above
        yield from [features] * times


class Values:
    """Values of one latency: all of them, or a random sample (algorithm R)."""

    def __init__(self) -> None:
        self.kept = array("d")
        self.count = 0
        self._random = random.Random(0)  # noqa: S311  # no secret

    def add(self, value: float) -> None:
        """Take a value, in seconds."""
        self.count += 1
        if len(self.kept) < VALUES:
            self.kept.append(value)
        elif (place := self._random.randrange(self.count)) < VALUES:
            self.kept[place] = value

    def __str__(self) -> str:
        shown = (
            f"p{one} {1_000 * (percentile(self.kept, one) or 0.0):.1f} ms"
            for one in _PERCENTS
        )
        return f"{', '.join(shown)} ({self.count})"


class Ledger:
    """
    Judges exchanges one by one, and reports on all of them.

    Usage: `for check, found in ledger.judge(exchange): …` and, at the end,
    `ledger.report(header)`.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        session: Session,
        target: str,
        command: tuple[str, ...] = (),
    ) -> None:
        """
        Judge nothing yet.

        Args:
            checks: All checks; those that are invariants are judged.
            session: Has the profile, and what a command that repeats a request needs;
                it sends nothing.
            target: The upstream as the user wrote it.
            command: The words of the command that judges again; none without a
                recording.
        """
        self._command = command
        self._session, self._target = session, target
        self._invariants = tuple(check for check in checks if check.every is not None)
        self._skipped = {
            check.id: why
            for check in self._invariants
            if (why := inapplicable(check, session.profile, slow=True)) is not None
        }
        self._rows: dict[str, _Row] = {
            check.id: _Row()
            for check in self._invariants
            if check.id not in self._skipped and not check.across
        }
        self._compared: deque[Exchange] = deque()
        self._compared_bytes = 0
        self._forgotten = 0
        self.passed = self.chats = self.streams = 0
        self.statuses: Counter[str] = Counter()
        # Why exchanges were not judged, and how many.
        self.unjudged: Counter[str] = Counter()
        # Chats at the path of another spelling than the profile's.
        self._elsewhere: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()
        self.latencies = {name: Values() for name in ("TTFT", "TTFO", "ICL", "TPOT")}
        self._times: list[StreamTimes] = []
        self._models: Counter[str] = Counter()

    def count(self, exchange: Exchange) -> None:
        """Count *exchange*, whether it will be judged or not."""
        self.passed += 1
        if exchange.status is None:
            kind = kind_of(exchange)
            self.statuses["none"] += 1
            if kind is not ResponseKind.LEFT:
                self.silent[exchange.note] += 1
        else:
            self.statuses[str(exchange.status)] += 1
        path = exchange.request.path.partition("?")[0]
        if exchange.request.method == "POST" and path in {CHAT, RESPONSES}:
            self._elsewhere[path] += path != exchange.profile.dialect.path
        if is_chat(exchange):
            self.chats += 1
            self.streams += exchange.streamed
            model = exchange.sent.get("model")
            if isinstance(model, str) and len(self._models) < COMPARED:
                self._models[model] += 1

    def judge(self, exchange: Exchange) -> list[tuple[Check, tuple[Finding, ...]]]:
        """
        Return the invariants that *exchange* breaks, with what was found.

        Those that compare replies are judged at the end.
        """
        if not is_readable(exchange):
            self.unjudged[f"compressed with {coding_of(exchange)}"] += 1
            return []
        read = decoded(exchange)
        scopes = frozenset(scopes_of(read))
        features = features_of(read.sent, read.probe)
        found = []
        for check in self._invariants:
            row = self._rows.get(check.id)
            if row is None or check.every not in scopes:
                continue
            broken = self._take(row, check, read, features, ask(check, read))
            if broken:
                found.append((check, broken))
        self._measure(read)
        self._compare_later(read)
        return found

    def _take(
        self,
        row: _Row,
        check: Check,
        exchange: Exchange,
        features: frozenset[str],
        answer: Answer,
    ) -> tuple[Finding, ...]:
        if isinstance(answer.error, CannotJudge):
            row.unjudged = row.unjudged or (
                f"request {exchange.probe.name} {answer.error}"
            )
            return ()
        if isinstance(answer.error, CheckError):
            row.crash = row.crash or answer.error
            return ()
        if answer.reason and not answer.findings:
            row.reason = row.reason or answer.reason
            return ()
        if not answer.findings:
            row.sound[features] += 1
            return ()
        if excuses := waived(check, exchange):
            row.excused |= excuses
            return ()
        row.broken[features] += 1
        size = len(exchange.request.body)
        if row.worst is None or size < len(row.worst[0].request.body):
            row.worst = exchange, answer.findings
        if len(row.examples) < EXAMPLES and exchange.size < _MOST_OF_ONE:
            row.examples.append(exchange)
        return answer.findings

    def _measure(self, exchange: Exchange) -> None:
        if not exchange.streamed or exchange.status != HTTPStatus.OK:
            return
        timing = exchange.timing
        for name, value in (
            ("TTFT", timing.ttft),
            ("TTFO", timing.ttfo),
            ("TPOT", timing.tpot),
        ):
            if value is not None:
                self.latencies[name].add(value)
        for gap in timing.icl:
            self.latencies["ICL"].add(gap)
        if len(self._times) < MOST_STREAMS:
            self._times += stream_times((exchange,))

    def _compare_later(self, exchange: Exchange) -> None:
        size = exchange.size + len(exchange.request.body)
        exchange.release()
        # A judge that compares knows the model list by its probe, whatever its turn.
        exchange = replace(exchange, probe=replace(exchange.probe, sample=0))
        if size > _MOST_OF_ONE:
            self._forgotten += 1
            return
        self._compared.append(exchange)
        self._compared_bytes += size
        while len(self._compared) > COMPARED or self._compared_bytes > COMPARED_BYTES:
            old = self._compared.popleft()
            self._compared_bytes -= old.size + len(old.request.body)
            self._forgotten += 1

    # ---- the report ------------------------------------------------------------

    @property
    def model(self) -> str:
        """The model that most chats requested; empty without any."""
        return next((name for name, _ in self._models.most_common(1)), "")

    def notes(self) -> tuple[str, ...]:
        """Return sentences for the header of the report."""
        others = self.passed - self.chats
        passed = (
            f"{self.passed} requests passed: {self.chats} chats "
            f"({self.streams} streamed), {others} others"
        )
        notes = [passed]
        profile = self._session.profile
        notes += [
            f"{count} to {path} are not judged as chats: {profile.id} has its chats at "
            f"{profile.dialect.path}, so choose another --profile"
            for path, count in self._elsewhere.items()
            if count
        ]
        if self.statuses:
            shown = (f"{name}: {n}" for name, n in sorted(self.statuses.items()))
            notes.append(f"status {', '.join(shown)}")
        for name, values in self.latencies.items():
            if values.count:
                notes.append(
                    f"{name} of the streams that passed: {values}"
                )  # it reads as a rule
        if self.unjudged:
            shown = (f"{why}: {n}" for why, n in self.unjudged.most_common())
            notes.append(f"not judged: {self.unjudged.total()} ({'; '.join(shown)})")
        if self._forgotten:
            notes.append(
                f"checks that compare replies were asked about {len(self._compared)} "
                f"of {len(self._compared) + self._forgotten}"
            )
        return tuple(notes)

    @property
    def trouble(self) -> str:
        """Why not everything could be judged; empty if all was answered."""
        if not self.silent:
            return ""
        why, _ = self.silent.most_common(1)[0]
        return (
            f"{self.silent.total()} of {self.passed} requests got no response from the "
            f"upstream: {why}."
        )

    def report(self, header: Header, *, strict: bool) -> Report:
        """Return the report on everything so far."""
        started = datetime.fromisoformat(header.started)
        whole = replace(
            header,
            model=header.model or self.model,
            requests=self.passed,
            seconds=(datetime.now(UTC) - started).total_seconds(),
            notes=(*header.notes, *self.notes()),
            trouble=header.trouble or self.trouble,
        )
        return Report(
            headers=(whole,),
            results=tuple(self._results()),
            strict=strict,
            streams={header.target: tuple(self._times)},
        )

    def _results(self) -> Iterator[Result]:
        session = Session(
            self._session.url,
            self._session.profile,
            self._session.model,
            saved={},
            loose=self._compared,
            route=self._session.route,
        )
        for check in self._invariants:
            why = self._skipped.get(check.id)
            if why is not None:
                yield self._result(check, Verdict(Outcome.SKIP, reason=why))
            elif (row := self._rows.get(check.id)) is not None:
                yield self._result(check, self._verdict(check, row), row)
            else:
                result = judge_check(check, session, self._target, slow=True)
                reason = result.reason
                if result.outcome is Outcome.SKIP and reason.startswith(_NOT_RECORDED):
                    reason = _NOTHING
                yield replace(result, reason=reason, again=self._again(check))

    def _again(self, check: Check) -> str:
        words = self._command
        return shlex.join((*words, "--select", check.id)) if words else ""

    def _verdict(self, check: Check, row: _Row) -> Verdict:
        """Return the verdict, as `run.runner` comes to it."""
        if row.crash is not None:
            return Verdict(Outcome.ERROR, reason=f"{row.crash}", broken=True)
        if row.worst is not None:
            exchange, findings = row.worst
            hinted = with_hint(check, list(located(exchange, findings)), [exchange])
            verdict = Verdict(Outcome.FAIL, tuple(hinted))
        elif row.unjudged:
            verdict = Verdict(Outcome.ERROR, reason=row.unjudged)
        elif row.sound:
            excused = (f"{feature}: {why}" for feature, why in row.excused.items())
            reason = "waived for replies with " + "; ".join(excused)
            verdict = Verdict(Outcome.PASS, reason=reason if row.excused else "")
        else:
            verdict = Verdict(Outcome.SKIP, reason=row.reason or _NOTHING)
        return apply_waiver(verdict, check.id, self._session.profile)

    def _result(
        self, check: Check, verdict: Verdict, row: _Row | None = None
    ) -> Result:
        curl, tally = "", None
        if row is not None and (row.sound or row.broken):
            tally = row.tally
        if row is not None and row.worst is not None:
            exchange = row.worst[0]
            command = repeated(self._session, exchange.request, exchange.probe.key)
            curl = (
                command
                if len(command) <= LONGEST_COMMAND
                else f"the request {exchange.probe.name} has "
                f"{len(exchange.request.body)} bytes; --save DIR keeps it"
            )
        return Result(
            check=check,
            target=self._target,
            outcome=verdict.outcome,
            findings=verdict.findings,
            reason=verdict.reason,
            again=self._again(check),
            broken=verdict.broken,
            exchanges=() if row is None else tuple(row.examples),
            tally=tally,
            curl=curl,
        )
