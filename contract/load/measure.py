"""What one reply shows at once: its kind, its times, what is suspicious about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from contract.load.scenario import Drawn
from contract.load.ticket import tickets_in
from contract.model.chat import PieceKind
from contract.model.exchange import Exchange
from contract.model.profile import Budget, Capability
from contract.model.response_kind import ResponseKind, kind_of

LATE = 0.01  # seconds after its intended start from which on a request is late
FOREIGN = "the ticket of another request"
UNEXPECTED = "without the expected text"
# The kind of a reply that says the server cannot serve more at the moment: 429, 503,
# and 529, which some hosted APIs use.
BUSY = "busy"
_BUSY = frozenset({429, 503, 529})
_MARKERS = ("[THINK]", "[/THINK]", "[TOOL_CALLS]")
_FINISHES = frozenset({"stop", "length", "tool_calls"})
# Fields of `Budget` that one request can exceed.
BUDGETS = (
    *("ttft", "ttfo", "icl_p95", "icl_max", "tpot", "e2e"),
    "tokens_per_second",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One request and its reply in numbers; times are seconds."""

    # Its number in the run, and the name of its chat.
    number: int
    chat: str
    # Whether it was intended to start after the warm-up.
    measured: bool
    # Since the start of the run.
    intended: float
    ended: float
    # From the intended to the real start.
    start_delay: float
    # Whether it started late because all users were busy.
    late: bool = False
    # The value of its `ResponseKind`.
    kind: str
    # Metrics by name, since the intended start; None where there is no such moment.
    figures: Mapping[str, float | None]
    # Inter-chunk latencies.
    gaps: tuple[float, ...] = ()
    # Whether it was answered within all budgets.
    good: bool = False
    tokens: int | None = None
    prompt_tokens: int | None = None
    # Reasons to judge the reply by all requirements.
    suspicions: tuple[str, ...] = ()


def measure(  # noqa: PLR0913  # the parts of one reply
    drawn: Drawn,
    exchange: Exchange,
    *,
    seed: int,
    measured: bool,
    intended: float,
    started: float,
    late: bool = False,
    same: bool = False,
) -> Measure:
    """
    Return what *exchange*, the reply to *drawn*, shows.

    Args:
        drawn: The request.
        exchange: The request with its reply.
        seed: The seed of the run, for its tickets.
        measured: Whether it counts for the figures.
        intended: When it was due, in seconds since the start of the run.
        started: When it was sent.
        late: Whether it started late because all users were busy.
        same: Whether all requests of the run have one prompt.
    """
    kind = label(exchange)
    timing = exchange.timing
    # The times of an exchange begin when the request is sent.
    before = started - intended + exchange.connecting
    last = exchange.arrivals[-1].at if exchange.arrivals else exchange.elapsed
    e2e = last + before
    tokens = exchange.count("completion_tokens")
    gaps = timing.icl if exchange.streamed else ()
    streamed = exchange.streamed
    figures = {
        "ttft": _after(timing.ttft if streamed else None, before),
        "ttfo": _after(timing.ttfo if streamed else None, before),
        "icl_max": max(gaps, default=None),
        "tpot": timing.tpot if streamed else None,
        "e2e": e2e,
        "tokens_per_second": tokens / e2e if tokens and e2e > 0 else None,
    }
    found = Measure(
        number=drawn.number,
        chat=drawn.chat.name,
        measured=measured,
        intended=intended,
        ended=intended + e2e,
        start_delay=started - intended,
        late=late,
        kind=kind,
        figures=figures,
        gaps=gaps,
        tokens=tokens,
        prompt_tokens=exchange.count("prompt_tokens"),
        suspicions=tuple(_suspicions(drawn, exchange, kind, seed, same=same)),
    )
    return replace(found, good=_is_good(found, exchange.profile.budget))


def label(exchange: Exchange) -> str:
    """Return the kind of a reply: that of its `ResponseKind`, or `BUSY`."""
    return BUSY if exchange.status in _BUSY else kind_of(exchange).value


def with_tokens(found: Measure, tokens: int, budget: Budget) -> Measure:
    """Return *found* with *tokens* that were counted after the run."""
    e2e = found.figures["e2e"]
    spread = sum(found.gaps)
    figures = {
        **found.figures,
        "tpot": spread / (tokens - 1) if tokens > 1 and found.gaps else None,
        "tokens_per_second": tokens / e2e if tokens and e2e else None,
    }
    changed = replace(found, tokens=tokens, figures=figures)
    return replace(changed, good=_is_good(changed, budget))


def _after(moment: float | None, before: float) -> float | None:
    return None if moment is None else moment + before


def _is_good(found: Measure, budget: Budget) -> bool:
    """Return whether a reply is an answer within all budgets that concern it."""
    if found.kind != ResponseKind.ANSWERED or FOREIGN in found.suspicions:
        return False
    gaps = sorted(found.gaps)
    values = {
        **found.figures,
        # Of one stream: the nearest rank.
        "icl_p95": gaps[-1 - len(gaps) // 20] if gaps else None,
    }
    for name in BUDGETS:
        bound, value = getattr(budget, name), values[name]
        if bound is None or value is None:
            continue
        within = value >= bound if name == "tokens_per_second" else value <= bound
        if not within:
            return False
    return True


def _suspicions(
    drawn: Drawn, exchange: Exchange, kind: str, seed: int, *, same: bool
) -> Iterator[str]:
    """Yield what a correct answer does not have; the judges have the last word."""
    if kind != ResponseKind.ANSWERED:
        yield kind
        return
    answer = exchange.answer
    called = "".join(exchange.texts_of(PieceKind.TOOL).values())
    shown = f"{answer}\n{called}\n{exchange.reasoning}"
    if not same and tickets_in(shown, seed) - {drawn.number}:
        yield FOREIGN
    if any(text not in answer and text not in called for text in drawn.expected):
        yield UNEXPECTED
    finish = exchange.finish
    if finish not in _FINISHES:
        yield "an unusual finish reason"
    limit = drawn.probe.options.max_tokens
    tokens = exchange.count("completion_tokens")
    if finish == "length" and limit and tokens is not None and tokens < limit:
        yield "cut off before max_tokens"
    if any(marker in answer for marker in _MARKERS):
        yield "a control token in the answer"
    if exchange.streamed and (exchange.flaws or exchange.strays):
        yield "events that are not chunks"
    usage_due = Capability.STREAM_USAGE in exchange.profile.offers
    if not exchange.usage and (usage_due or not exchange.streamed):
        yield "without usage"
    if not answer and not called and finish == "stop":
        yield "an empty answer"
