"""Verdicts on a run: requirements of a load test, and all invariants on a sample."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

from contract.client.curl import repeated
from contract.client.session import (
    NotAnswering,
    NotRecorded,
    RequestLimitReached,
    Session,
)
from contract.detection.error_message import error_message
from contract.load.lag import MOST_LAG
from contract.load.measure import BUSY, FOREIGN, UNEXPECTED
from contract.load.running import Step
from contract.load.sampling import Kept
from contract.load.totals import RATE, UNFINISHED, Totals, format_figure
from contract.model.chat import PieceKind
from contract.model.check import Check, Finding, Findings, shorten
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS
from contract.model.profile import Capability, Profile
from contract.model.response_kind import ResponseKind, error_in
from contract.run.invariants import Replies
from contract.run.plan import inapplicable
from contract.run.report import Outcome, Result, Tally
from contract.run.runner import judge_check

HOUSE = "house rule; Kubernetes Gateway API Inference Extension, objectives"
PERCENT = 95
NEUTRAL = frozenset({ResponseKind.ANSWERED.value, BUSY, UNFINISHED})
_LONGEST = 4_000  # characters of a curl command
PER_FINDING = 5  # exchanges that a result shows
_NOT_RECORDED = "not in the recording"


def _never(*_exchanges: Exchange) -> Findings:
    yield from ()


def _requirement(name: str, requirement: str, source: str) -> Check:
    return Check(
        id=f"load.{name}",
        requirement=requirement,
        source=source,
        sends=(),
        judge=_never,
    )


ANSWERED = _requirement(
    "requests-are-answered",
    "A valid request MUST be answered in full, unless the server says it is busy.",
    "RFC 9110 15.5.1 and 15.6; vllm-project/vllm#57519",
)
OWN = _requirement(
    "no-cross-talk",
    "A reply MUST NOT hold the ticket of another request of the run.",
    "RFC 9110 3.3: each request is understood in isolation",
)
EXPECTED = _requirement(
    "answers-are-expected",
    "An answer SHOULD contain the text that the scenario expects.",
    "the scenario",
)
EXPECTED_STRICTLY = replace(
    EXPECTED,
    requirement="An answer MUST contain the text that the scenario expects.",
)
_BUDGET_WORDS = {
    "ttft": "The time to the first text (TTFT)",
    "ttfo": "The time to the first text of the answer (TTFO)",
    "icl_p95": "Inter-chunk latency (ICL)",
    "icl_max": "The longest gap of a stream",
    "tpot": "The time per output token (TPOT)",
    "e2e": "The time to the last byte (E2E)",
    "tokens_per_second": "The output rate of a request",
}
# The row whose percentile is judged, by budget.
ROWS = {name: "icl" if name == "icl_p95" else name for name in _BUDGET_WORDS}


@dataclass(frozen=True, slots=True)
class Judge:
    """What the verdicts on the steps of one run have in common."""

    # The session with the target, for commands that repeat a request.
    session: Session
    # The target as the user wrote it.
    target: str
    profile: Profile
    # All checks; those that are invariants are judged.
    checks: tuple[Check, ...]
    # The words of the command that runs again.
    command: tuple[str, ...]
    # Whether the model is known to follow instructions, so that a wrong answer is one.
    exact: bool
    # Seconds by which the generator may react late.
    most_lag: float = MOST_LAG

    def saturation(self, step: Step) -> str:
        """Return why the figures of *step* are doubtful, or an empty text."""
        for generator in step.generators:
            if why := generator.saturated(self.most_lag):
                return f"the load generator was saturated: {why}"
        return ""

    def results(self, steps: Sequence[Step]) -> tuple[Result, ...]:
        """Return a result for each requirement, the worst step deciding."""
        whole = Totals()
        for step in steps:
            whole.merge(step.totals)
        kept = tuple(one for step in steps for one in step.kept)
        return (
            self._answered(whole, kept),
            self._own(whole, kept, same=any(step.plan.same for step in steps)),
            self._expected(steps, whole, kept),
            *self._budgets(steps),
            *self._invariants(kept),
        )

    # ---- what every reply was asked --------------------------------------------

    def _answered(self, totals: Totals, kept: Sequence[Kept]) -> Result:
        failed = {k: n for k, n in totals.kinds.items() if k not in NEUTRAL}
        broken = sum(failed.values())
        judged = broken + totals.kinds[ResponseKind.ANSWERED]
        if not judged:
            reason = "no request was answered or failed"
            if totals.kinds[BUSY]:
                reason = f"the server was busy for all of {totals.kinds[BUSY]} requests"
            return self._result(ANSWERED, Outcome.ERROR, reason=reason)
        worst_first = sorted(failed.items(), key=lambda pair: -pair[1])
        return self._result(
            ANSWERED,
            Outcome.FAIL if failed else Outcome.PASS,
            findings=tuple(_failure(kind, n, kept) for kind, n in worst_first),
            examples=[one for one in kept if set(one.suspicions) & set(failed)],
            tally=Tally(judged=judged, broken=broken, where=_chats(kept, failed)),
        )

    def _own(self, totals: Totals, kept: Sequence[Kept], *, same: bool) -> Result:
        answered = totals.kinds[ResponseKind.ANSWERED]
        if same or not answered:
            reason = "all prompts are the same" if same else "no request was answered"
            return self._result(OWN, Outcome.SKIP, reason=reason)
        words = ("hold", FOREIGN, "its own ticket only")
        return self._suspected(OWN, words, answered, totals, kept)

    def _expected(
        self, steps: Sequence[Step], totals: Totals, kept: Sequence[Kept]
    ) -> Result:
        chats = {c.name for s in steps for c in s.plan.scenario.chats if c.expected}
        asked = sum(n for name, n in totals.chats.items() if name in chats)
        check = EXPECTED_STRICTLY if self.exact else EXPECTED
        answered = totals.kinds[ResponseKind.ANSWERED]
        if not asked or not answered:
            reason = "no request was answered" if asked else "no text is expected"
            return self._result(check, Outcome.SKIP, reason=reason)
        expected = ""
        for step in steps:
            for one in step.kept:
                if UNEXPECTED in one.suspicions and not expected:
                    plan = step.plan
                    drawn = plan.scenario.draw(one.number, plan.seed, same=plan.same)
                    expected = ", ".join(drawn.expected)
        words = ("are", UNEXPECTED, expected)
        return self._suspected(check, words, min(asked, answered), totals, kept)

    def _suspected(
        self,
        check: Check,
        words: tuple[str, str, str],
        judged: int,
        totals: Totals,
        kept: Sequence[Kept],
    ) -> Result:
        """Return the result of a requirement that every reply was asked at once."""
        verb, reason, expected = words
        broken = totals.suspicions[reason]
        if not broken:
            return self._result(check, Outcome.PASS, tally=Tally(judged=judged))
        examples = [one for one in kept if reason in one.suspicions]
        finding = Finding(
            f"{broken} of {judged} replies {verb} {reason}",
            expected=expected,
            actual=shorten(_shown(examples[0].exchange)) if examples else "",
            at=f"request {examples[0].exchange.probe.name}" if examples else "",
        )
        return self._result(
            check,
            Outcome.FAIL,
            findings=(finding,),
            examples=examples,
            tally=Tally(judged=judged, broken=broken, where=_chats(kept, {reason})),
        )

    # ---- budgets ---------------------------------------------------------------

    def _budgets(self, steps: Sequence[Step]) -> Iterator[Result]:
        """Yield a result for each budget; of a sweep, only of its first step."""
        for name, row in ROWS.items():
            bound = getattr(self.profile.budget, name)
            if bound is None:
                continue
            check = _requirement(
                f"{name.replace('_', '-')}",
                f"{_BUDGET_WORDS[name]} SHOULD stay within the budget at p95.",
                HOUSE,
            )
            yield self._budget(check, steps[0], name, row, bound)

    def _budget(
        self, check: Check, step: Step, name: str, row: str, bound: float
    ) -> Result:
        values = step.totals.latencies[row]
        found = values.interval(100 - PERCENT if name == RATE else PERCENT)
        if found is None:
            reason = "no reply has a value for it"
            return self._result(check, Outcome.SKIP, reason=reason)
        figures = {f"{name}_p95": found.seen}
        shown = (
            f"{format_figure(row, found.seen)} (95 % confidence interval "
            f"{format_figure(row, found.low)} to {format_figure(row, found.high)}, "
            f"{values.count} values)"
        )
        least = name == RATE
        over = found.high < bound if least else found.low > bound
        within = found.low >= bound if least else found.high <= bound
        limit = f"at {'least' if least else 'most'} {format_figure(row, bound)}"
        if doubt := self.saturation(step):
            return self._result(check, Outcome.ERROR, reason=doubt, figures=figures)
        if not over and not within:
            reason = f"inconclusive: p95 is {shown}; the budget is {limit}"
            return self._result(check, Outcome.SKIP, reason=reason, figures=figures)
        finding = Finding("the 95th percentile is over budget", limit, shown)
        return self._result(
            check,
            Outcome.FAIL if over else Outcome.PASS,
            findings=(finding,) if over else (),
            figures=figures,
        )

    # ---- invariants on the sample ----------------------------------------------

    def _invariants(self, kept: Sequence[Kept]) -> Iterator[Result]:
        """Yield the result of each invariant on what was kept."""
        invariants = tuple(check for check in self.checks if check.every is not None)
        session = Session(
            self.session.url,
            self.profile,
            self.session.model,
            key_variable=self.session.key_variable,
            saved={},
            loose=[*self._listed(), *(one.exchange for one in kept)],
            route=self.session.route,
        )
        replies = Replies(
            check
            for check in invariants
            if inapplicable(check, self.profile, slow=False) is None
        )
        for check in invariants:
            result = judge_check(
                check, session, self.target, command=self.command, replies=replies
            )
            reason = result.reason
            if result.outcome is Outcome.SKIP and reason.startswith(_NOT_RECORDED):
                reason = "no reply of the run is one that it judges"
            yield replace(result, reason=reason, again=self._again)

    def _listed(self) -> Iterator[Exchange]:
        """Yield the list of models, which replies are compared with."""
        if Capability.MODEL_LIST in self.profile.offers:
            with suppress(NotAnswering, NotRecorded, RequestLimitReached):
                yield self.session.send(LIST_MODELS)

    @property
    def _again(self) -> str:
        return shlex.join(self.command)

    def _result(  # noqa: PLR0913  # the parts of a result
        self,
        check: Check,
        outcome: Outcome,
        *,
        findings: tuple[Finding, ...] = (),
        reason: str = "",
        examples: Sequence[Kept] = (),
        figures: Mapping[str, float] | None = None,
        tally: Tally | None = None,
    ) -> Result:
        smallest = min(
            (one.exchange for one in examples),
            key=lambda exchange: len(exchange.request.body),
            default=None,
        )
        return Result(
            check=check,
            target=self.target,
            outcome=outcome,
            findings=findings,
            reason=reason,
            again=self._again,
            exchanges=tuple(one.exchange for one in examples[:PER_FINDING]),
            figures=figures or {},
            tally=tally,
            curl="" if smallest is None else self._curl(smallest),
        )

    def _curl(self, exchange: Exchange) -> str:
        command = repeated(self.session, exchange.request, exchange.probe.key)
        if len(command) <= _LONGEST:
            return command
        return (
            f"the request {exchange.probe.name} has {len(exchange.request.body)} "
            "bytes; --save DIR keeps it"
        )


def _chats(kept: Sequence[Kept], suspicions: Collection[str]) -> str:
    """Return the chats of the scenario in which *suspicions* were seen, in words."""
    names = {
        one.exchange.probe.name.removeprefix("load-").rpartition("-")[0]
        for one in kept
        if not set(suspicions).isdisjoint(one.suspicions)
    }
    return f"chats {', '.join(sorted(names))}" if names else "any chat"


def _failure(kind: str, number: int, kept: Sequence[Kept]) -> Finding:
    example = next((one.exchange for one in kept if kind in one.suspicions), None)
    actual, at = kind, ""
    if example is not None:
        said = error_in(example) if example.status == HTTPStatus.OK else None
        if said is None and example.status is not None and not example.streamed:
            said = error_message(example)
        said = said or example.note
        status = f", status {example.status}"
        if example.status is None or "status" in kind:
            status = ""
        actual = f"{kind}{status}" + (f": {shorten(said)}" if said else "")
        at = f"request {example.probe.name}"
    was = "request was" if number == 1 else "requests were"
    return Finding(f"{number} {was} not answered", "answered", actual, at)


def _shown(exchange: Exchange) -> str:
    """Return the generated text of a reply, its arguments of calls included."""
    called = "".join(exchange.texts_of(PieceKind.TOOL).values())
    return exchange.answer or called or "no text"
