"""The run: rounds of answers within a cost, until a look decides; each is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import sqrt

from contract.claims.design import Design
from contract.claims.items import Item
from contract.claims.ledger import Entry, Ledger
from contract.claims.scoring import score
from contract.claims.verdict import Decision, Outcome, Verdict, decide
from contract.errors import UsageError
from contract.model.chat import Message, Options
from contract.model.check import shorten
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.response_kind import ResponseKind, error_in, kind_of
from contract.tokens import counting

# Assumed before the first answer is there: what a hard problem takes. It is replaced by
# the mean of the answers as soon as there are some.
ASSUMED_TOKENS = 12_000
# Room of the window that is left for what a template adds to a prompt.
_TEMPLATE = 64
LEAST_ROOM = 1_024  # tokens for an answer, without which no item can be solved
_ALL_REFUSED = 5  # answers, before the run ends if no other came
_ALL_UNREADABLE = 10  # likewise: more would be paid for and not be judged either
_CUT = frozenset({"length", "model_length"})
# Of a change of the rate during the run: two-sided, at 0.1 %.
_SHIFT = 3.29

Send = Callable[[Probe], Exchange]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How each item is asked."""

    temperature: float
    top_p: float
    # Tokens of an answer at most, as published, and the context window of the target.
    max_tokens: int
    window: int
    stream: bool = True
    # The text of the system message; None leaves it to the dialect.
    system: str | None = None

    @property
    def whole(self) -> bool:
        """Whether the target allows answers as long as the published ones."""
        return self.window >= self.max_tokens

    def probe(self, item: Item, draw: int) -> Probe:
        """
        Return the request for the answer number *draw* to *item*.

        Raises `UsageError` if the window has no room for an answer.
        """
        text, _ = item.asked(draw)
        user = Message("user", text)
        messages = (
            (user,)
            if self.system is None
            else (
                Message("system", self.system),
                user,
            )
        )
        room = self.window - counting.count_text(text) - _TEMPLATE * 4
        if self.system is not None:
            room -= counting.count_text(self.system)
        if room < LEAST_ROOM:
            raise UsageError(
                f"The window of {self.window} tokens is too small for the item "
                f"{item.id}: it leaves {max(room, 0)} tokens for an answer."
            )
        return Probe(
            name=f"claims-{item.id}-{draw}",
            messages=messages,
            options=Options(
                max_tokens=min(self.max_tokens, room),
                temperature=self.temperature,
                top_p=self.top_p,
            ),
            stream=self.stream,
            sample=draw,
        )


def entry_of(item: Item, draw: int, exchange: Exchange, *, whole: bool) -> Entry:
    """
    Return what *exchange* is as an answer to *item*.

    *whole* is whether its limit was the published one: then an answer that is cut off
    is wrong, as it was for the published figure; otherwise it is not judged.
    """
    kind = kind_of(exchange)
    _, key = item.asked(draw)
    found, finish = "", exchange.finish or ""
    if kind is not ResponseKind.ANSWERED:
        outcome = Outcome.REFUSED
        reason = exchange.note or error_in(exchange) or str(kind)
        found = f"{exchange.status}, {reason}" if exchange.status else reason
    elif finish in _CUT:
        outcome = Outcome.WRONG if whole else Outcome.TRUNCATED
    elif not exchange.answer.strip():
        outcome = Outcome.WRONG  # as every harness counts it
    else:
        scored = score(item.kind, exchange.answer, key)
        outcome, found = scored.outcome, scored.found
    named = _named(exchange)
    return Entry(
        item=item.id,
        draw=draw,
        outcome=outcome,
        found=found[:500],
        finish=finish,
        prompt_tokens=exchange.count("prompt_tokens") or 0,
        completion_tokens=_completion(exchange),
        seconds=round(exchange.elapsed, 3),
        model=named.get("model", ""),
        fingerprint=named.get("system_fingerprint", ""),
        reasoning=exchange.reasoning,
        answer=exchange.answer,
    )


def _completion(exchange: Exchange) -> int:
    counted = exchange.count("completion_tokens")
    if counted is not None:
        return counted
    return counting.count_text(exchange.reasoning + exchange.answer)


def _named(exchange: Exchange) -> dict[str, str]:
    """Return the model and the fingerprint that the response names."""
    found: dict[str, str] = {}
    for chunk in exchange.folded:
        if isinstance(chunk.json, dict):
            for name in ("model", "system_fingerprint"):
                value = chunk.json.get(name)
                if isinstance(value, str) and value:
                    found.setdefault(name, value[:200])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run found, until it ended."""

    decision: Decision
    # The outcomes of each complete round, by item.
    rounds: tuple[tuple[Outcome, ...], ...]
    # Why it ended before a decision, as a sentence; empty if it did not.
    stopped: str = ""
    # Whether the user ended it.
    interrupted: bool = False
    notes: tuple[str, ...] = ()


class Run:
    """
    A run of all rounds of a design.

    Usage: `Run(design, items, asking, ledger, send, concurrency=4).carry_out()`.
    """

    def __init__(  # noqa: PLR0913  # each is an option of the command line
        self,
        design: Design,
        items: Sequence[Item],
        asking: Asking,
        ledger: Ledger,
        send: Send,
        *,
        concurrency: int,
        max_cost: int | None = None,
        allow_change: bool = False,
        close: Callable[[], object] = lambda: None,
        report: Callable[[int, int], object] = lambda *_: None,
    ) -> None:
        """
        Send nothing yet.

        Args:
            design: The test.
            items: The items, as many as *design* has.
            asking: How they are asked.
            ledger: Where answers are kept; those in it are not asked for again.
            send: Sends a request.
            concurrency: Requests in flight at a time.
            max_cost: Tokens of prompts and answers after which none is begun.
            allow_change: Continue if the endpoint names another model.
            close: Ends the requests in flight, when the user ends the run.
            report: Called with the number of answers and the tokens so far.
        """
        self._design, self._items, self._asking = design, items, asking
        self._ledger, self._send = ledger, send
        self._concurrency, self._max_cost = concurrency, max_cost
        self._allow_change, self._close, self._report = allow_change, close, report
        self._stopped = ""
        self._sent = 0
        self._closing = threading.Event()
        self._counting = threading.Lock()

    def carry_out(self) -> Found:
        """Ask until a look decides, the rounds are over, or something ends the run."""
        interrupted = False
        try:
            for draw in range(self._design.draws):
                if self._decision().verdict is not Verdict.INCONCLUSIVE:
                    break
                self._round(draw)
                if self._stopped:
                    break
        except KeyboardInterrupt:
            interrupted, self._stopped = True, "The run was interrupted."
            self._closing.set()
            self._close()
        decision = self._decision()
        notes = list(_notes(self.rounds()))
        if notes and decision.verdict is Verdict.CONSISTENT:
            decision = Decision(Verdict.INCONCLUSIVE, notes[0], decision.bound)
        return Found(
            decision=decision,
            rounds=self.rounds(),
            stopped=self._stopped,
            interrupted=interrupted,
            notes=tuple(notes),
        )

    def rounds(self) -> tuple[tuple[Outcome, ...], ...]:
        """Return the outcomes of the complete rounds, by item."""
        outcomes = self._outcomes()
        found: list[tuple[Outcome, ...]] = []
        for draw in range(self._design.draws):
            one = [outcomes.get((item.id, draw)) for item in self._items]
            known = tuple(outcome for outcome in one if outcome is not None)
            if len(known) < len(one):
                break
            found.append(known)
        return tuple(found)

    def _decision(self) -> Decision:
        return decide(self._design, self.rounds())

    def _outcomes(self) -> dict[tuple[str, int], Outcome]:
        """Return the last outcome of each: what was refused is asked again."""
        return {(one.item, one.draw): one.outcome for one in self._ledger.entries}

    def _round(self, draw: int) -> None:
        """Ask for the answers of one round that are missing or were refused."""
        known = self._outcomes()
        open_ = {None, Outcome.REFUSED}
        wanted = [one for one in self._items if known.get((one.id, draw)) in open_]
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="claims")
        running: set[Future[None]] = set()
        try:
            for item in wanted:
                while running and (
                    len(running) >= self._concurrency
                    or not self._affordable(len(running))
                ):
                    running = self._settled(running)
                self._ensure_affordable()
                if self._stopped:
                    break
                running.add(pool.submit(self._ask, item, draw))
            while running:
                running = self._settled(running)
        except BaseException:
            self._closing.set()
            self._close()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        pool.shutdown()

    def _settled(self, running: set[Future[None]]) -> set[Future[None]]:
        done, rest = wait(running, return_when=FIRST_COMPLETED)
        for one in done:
            one.result()
        return rest

    def _ask(self, item: Item, draw: int) -> None:
        exchange = self._send(self._asking.probe(item, draw))
        if self._closing.is_set() and not exchange.end.whole:
            return  # ended by the user, not by the endpoint
        entry = entry_of(item, draw, exchange, whole=self._asking.whole)
        with self._counting:
            self._ledger.append(entry)
            self._sent += 1
            entries = self._ledger.entries
        self._report(len(entries), sum(one.tokens for one in entries))
        self._stopped = self._stopped or self._trouble(entries)

    def _trouble(self, entries: Sequence[Entry]) -> str:
        """Return why the run cannot continue, or an empty text."""
        recent = entries[-self._sent :]
        refused = [one for one in recent if one.outcome is Outcome.REFUSED]
        if len(refused) == len(recent) >= _ALL_REFUSED:
            return (
                f"The endpoint refused the first {len(refused)} answers: "
                f"{refused[0].found}. Mend that, then continue with --resume."
            )
        unread = [one for one in recent if one.outcome is Outcome.UNREADABLE]
        if len(unread) == len(recent) == _ALL_UNREADABLE:
            return (
                f"No final answer was found in the first {len(unread)} answers; the "
                f"last one ends with {shorten(unread[-1].answer[-80:], 80)}. If they "
                "are answers, the kind of the items is wrong; if not, verify the "
                "target. --resume continues."
            )
        return "" if self._allow_change else change(entries)

    def _affordable(self, running: int) -> bool:
        """Return whether the limit pays for the answers in flight and one more."""
        if self._max_cost is None:
            return True
        entries = self._ledger.entries
        spent = sum(one.tokens for one in entries)
        return spent + (running + 1) * mean_tokens(entries) <= self._max_cost

    def _ensure_affordable(self) -> None:
        """End the run if, with nothing in flight, the limit pays for no more."""
        if not self._affordable(0):
            spent = sum(one.tokens for one in self._ledger.entries)
            self._stopped = self._stopped or (
                f"{spent} tokens are spent, and the next answer would pass the limit "
                f"of {self._max_cost}: continue with --resume and a larger --max-cost."
            )


def mean_tokens(entries: Sequence[Entry]) -> float:
    """Return the tokens that an answer is expected to cost."""
    paid = [one.tokens for one in entries if one.tokens]
    return sum(paid) / len(paid) if paid else ASSUMED_TOKENS


def change(entries: Sequence[Entry]) -> str:
    """Return what of the endpoint changed among *entries*, as a sentence, or ""."""
    for name in ("model", "fingerprint"):
        named = [value for one in entries if (value := getattr(one, name))]
        for number, value in enumerate(named):
            if value != named[0]:
                return (
                    f"The endpoint changed during the run: the {name} was "
                    f"{named[0]!r}, and {value!r} from answer {number + 1} on. "
                    "Begin a new run with --save, or add --allow-change if both "
                    "serve one model."
                )
    return ""


def _notes(rounds: Sequence[Sequence[Outcome]]) -> Iterator[str]:
    """Yield that the rate changed between the halves, if that is no chance."""
    half = len(rounds) // 2
    if not half:
        return
    parts = []
    for part in (rounds[:half], rounds[half:]):
        judged = [one is Outcome.RIGHT for r in part for one in r if one.judged]
        parts.append((sum(judged), len(judged)))
    (hits, count), (later, others) = parts
    if not count or not others:
        return
    pooled = (hits + later) / (count + others)
    spread = sqrt(pooled * (1 - pooled) * (1 / count + 1 / others))
    if abs(hits / count - later / others) > _SHIFT * spread > 0:
        yield (
            f"the rate changed during the run, from {100 * hits / count:.0f} % to "
            f"{100 * later / others:.0f} % of the answers"
        )
