"""
Budgets from evidence: latencies of many samples, and bounds that they support.

A budget of `verify` bounds the 95th percentile. What is proposed is the upper end of
its distribution-free interval, with headroom: the percentile itself is estimated, and
a bound at the estimate would be exceeded by half of all later runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from contract.client.session import NotAnswering, RequestLimitReached, Session
from contract.errors import TargetError
from contract.model.chat import Json
from contract.model.check import Check
from contract.model.exchange import Exchange
from contract.model.interval import Bounds, needed, order_bounds
from contract.model.probe import Probe, repeat
from contract.model.profile import RATES
from contract.model.response_kind import ResponseKind, kind_of
from contract.model.timing import percentile
from contract.plugins.discovery import find

FORMAT = "budget-v1"
PERCENTS = (50, 95, 99)
PERCENT = 95
HEADROOM = 0.25
# The checks whose requests are sent: streams, and prompts of two lengths.
STREAMS, GROWTH = "latency.ttft", "latency.ttft-growth"
GROWTH_BUDGET = "ttft_per_1k"
_THOUSANDS = 7  # tokens between the lengths of the second, in thousands
_DIGITS = 2  # significant digits of a proposal


def _per_token(exchange: Exchange) -> float | None:
    tokens = exchange.count("completion_tokens")
    return exchange.elapsed / tokens if tokens else None


# One value of each stream, by budget: the gaps of one stream are not independent, so
# each stream has one value of them. A rate is measured as seconds per token.
METRICS: Mapping[str, Callable[[Exchange], float | None]] = {
    "ttft": lambda one: one.timing.ttft,
    "ttfo": lambda one: one.timing.ttfo,
    "icl_p95": lambda one: percentile(one.timing.icl, PERCENT),
    "icl_max": lambda one: max(one.timing.icl, default=None),
    "tpot": lambda one: one.timing.tpot,
    "e2e": lambda one: one.timing.e2e,
    "tokens_per_second": _per_token,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One metric: its values, and what they say of each percentile."""

    # Name of the budget.
    name: str
    # Seconds; of a rate, seconds per token. In the order measured.
    values: tuple[float, ...]
    # By percentile.
    bounds: Mapping[int, Bounds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The samples of one target, and the budgets that they support."""

    # The metrics that have values, in the order of `METRICS`.
    metrics: tuple[Measured, ...]
    # The budgets, in seconds and tokens per second, by name; empty if there are too few
    # samples.
    budgets: Mapping[str, float]
    # The percentile that the budgets are above.
    percent: int
    # Samples asked for, and those that were answered.
    samples: int
    answered: int
    # Why the first sample that was not answered was not; empty if all were.
    trouble: str = ""

    @property
    def shortage(self) -> str:
        """Why no budget is proposed, as a sentence; empty if one is."""
        if self.budgets:
            return ""
        return too_few(self.answered, self.percent)

    @property
    def json(self) -> dict[str, Json]:
        """The evidence as a JSON object of the format `budget-v1`."""
        return {
            "format": FORMAT,
            "percentile": self.percent,
            "samples": self.samples,
            "answered": self.answered,
            "trouble": self.trouble,
            "metrics": {
                one.name: {
                    f"p{percent}": [found.low, found.seen, found.high]
                    for percent, found in one.bounds.items()
                }
                for one in self.metrics
            },
            "budget": dict(self.budgets),
        }


def too_few(samples: int, percent: int) -> str:
    """Return that *samples* bound no percentile, as a sentence; empty if they do."""
    least = needed(percent)
    if samples >= least:
        return ""
    return (
        f"{samples} samples cannot bound the {percent}th percentile with 95 % "
        f"confidence, whatever its distribution: that takes {least}; give --samples "
        f"{least} or more."
    )


def measure(
    session: Session,
    samples: int,
    *,
    percent: int = PERCENT,
    headroom: float = HEADROOM,
) -> Evidence:
    """
    Measure *samples* streams, one at a time, and propose budgets.

    Usage: `measure(verification.session, 72).budgets["ttft"]`.

    Args:
        session: The session with the target; it sends the requests.
        samples: Number of streams.
        percent: Percentile of which a budget is the upper bound.
        headroom: The share by which a budget is above that bound.

    Raises `TargetError` if the server stops answering.
    """
    checks = find("checks", Check)
    first = checks[STREAMS].sends[0]
    found = _sent(session, repeat(replace(first, name="budget"), samples))
    good = [one for one in found if kind_of(one) is ResponseKind.ANSWERED]
    bad = [one for one in found if kind_of(one) is not ResponseKind.ANSWERED]
    prompts = _sent(session, checks[GROWTH].sends) if _fits(session) else ()
    return evidence(
        good,
        prompts,
        samples=samples,
        percent=percent,
        headroom=headroom,
        trouble=f"{kind_of(bad[0])}, {bad[0].note or bad[0].status}" if bad else "",
    )


def _fits(session: Session) -> bool:
    """Return whether the longest prompt fits, with room for an answer."""
    longest = max(p.fill.tokens for p in find("checks", Check)[GROWTH].sends if p.fill)
    return bool(session.profile.context_window > 2 * longest)


def _sent(session: Session, probes: Iterable[Probe]) -> tuple[Exchange, ...]:
    wanted = tuple(probes)
    session.expect(wanted)
    try:
        return tuple(map(session.send, wanted))
    except (NotAnswering, RequestLimitReached) as reason:
        raise TargetError(f"The latency cannot be measured: {reason}.") from reason


def evidence(  # noqa: PLR0913  # what was measured, and how to read it
    streams: Iterable[Exchange],
    prompts: tuple[Exchange, ...] = (),
    *,
    samples: int,
    percent: int = PERCENT,
    headroom: float = HEADROOM,
    trouble: str = "",
) -> Evidence:
    """
    Return what the answered *streams* show, and the budgets that they support.

    *prompts* are the streams of the growth check, short prompts first; empty for none.
    The other parameters are those of `measure` and fields of `Evidence`.
    """
    known = tuple(streams)
    metrics = []
    budgets: dict[str, float] = {}
    for name, read in METRICS.items():
        values = tuple(value for one in known if (value := read(one)) is not None)
        bounds = {
            p: found for p in PERCENTS if (found := order_bounds(values, p)) is not None
        }
        if not bounds:
            continue
        metrics.append(Measured(name=name, values=values, bounds=bounds))
        high = (order_bounds(values, percent) or bounds[PERCENT]).high
        if high:
            budgets[name] = _proposal(name, high, headroom)
    growth = _growth(prompts)
    if budgets and growth is not None and growth > 0:
        budgets[GROWTH_BUDGET] = _proposal(GROWTH_BUDGET, growth, headroom)
    return Evidence(
        metrics=tuple(metrics),
        budgets=budgets,
        percent=percent,
        samples=samples,
        answered=len(known),
        trouble=trouble,
    )


def _growth(prompts: tuple[Exchange, ...]) -> float | None:
    """
    Return the most that 1,000 prompt tokens add to TTFT, in seconds; None if unknown.

    It is the upper end of the range by which `latency.ttft-growth` judges.
    """
    half = len(prompts) // 2
    short, long = (
        [ttft for one in group if (ttft := one.timing.ttft) is not None]
        for group in (prompts[:half], prompts[half:])
    )
    return (max(long) - min(short)) / _THOUSANDS if short and long else None


def _proposal(name: str, value: float, headroom: float) -> float:
    """Return *value* with *headroom*, rounded away from it to two digits."""
    # Nine digits: 0.4 as a float is a little more, and would be rounded up.
    exact = Decimal(f"{value:.9g}") * Decimal(f"{1 + headroom:.9g}")
    rate = name in RATES
    if rate:
        exact = 1 / exact
    # Times in the unit of the output: whole microseconds at least.
    place = Decimal(1).scaleb(max(exact.adjusted() - _DIGITS + 1, -6))
    rounded = exact.quantize(place, ROUND_FLOOR if rate else ROUND_CEILING)
    return float(rounded) or float(place)
