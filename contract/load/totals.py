"""Totals of a run: counts and histograms, which add up exactly over processes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from hdrh.histogram import HdrHistogram

from contract.load.measure import Measure
from contract.model.chat import Json
from contract.model.interval import CONFIDENCE, Interval, interval
from contract.model.response_kind import ResponseKind

PERCENTS = (50.0, 90.0, 95.0, 99.0)
# What is measured: the name of the row, what it means, and the unit.
METRICS = {
    "ttft": ("time to first token, reasoning or answer", "s"),
    "ttfo": ("time to first output, after the reasoning", "s"),
    "icl": ("inter-chunk latency, every gap of every stream", "s"),
    "icl_max": ("longest gap of a stream", "s"),
    "tpot": ("time per output token", "s"),
    "e2e": ("end to end, to the last byte", "s"),
    "tokens_per_second": ("output tokens per second of one request", "tokens/s"),
    "start_delay": ("between the intended and the real start", "s"),
}
RATE = "tokens_per_second"
UNFINISHED = "unfinished"  # the kind of a request that the end of the run cut off
# Microseconds, and thousandths of tokens per second: 1 to an hour, three digits.
_SCALE = {name: 1_000 if name == RATE else 1_000_000 for name in METRICS}
_MOST = 3_600_000_000
_DIGITS = 3
_EXACT = 1_000  # values up to which the interval of a percentile is exact


class Values:
    """
    The values of one metric in a histogram with three significant digits.

    An HDR histogram (HdrHistogram.org) has fixed buckets, so those of several processes
    add up exactly, in any order, in a few kilobytes however many values they hold.
    """

    def __init__(self, scale: int) -> None:
        """*scale* is the number of units of the histogram in one of the values."""
        self._scale = scale
        self._histogram = HdrHistogram(1, _MOST, _DIGITS)

    def add(self, value: float) -> None:
        """Add a *value*; what lies outside of the range counts as its end."""
        units = round(value * self._scale) if math.isfinite(value) else _MOST
        self._histogram.record_value(min(max(units, 0), _MOST))

    def merge(self, other: Self) -> None:
        """Add all values of *other*."""
        self._histogram.add(other._histogram)  # of the same class

    @property
    def count(self) -> int:
        """The number of values."""
        return int(self._histogram.get_total_count())

    def percentile(self, percent: float) -> float | None:
        """Return the nearest-rank percentile, or None without values."""
        count = self.count
        if not count:
            return None
        # The histogram rounds the rank; nearest rank is the smallest that suffices.
        rank = min(max(math.ceil(percent / 100 * count), 1), count)
        value = self._histogram.get_value_at_percentile(100 * rank / count)
        return min(float(value), self._units_max()) / self._scale

    def _units_max(self) -> float:
        return float(self._histogram.get_max_value())

    @property
    def largest(self) -> float | None:
        """The largest value, to three digits; None without values."""
        return self._units_max() / self._scale if self.count else None

    def interval(self, percent: float) -> Interval | None:
        """
        Return a percentile with its 95 % confidence interval, as `model.interval` does.

        Beyond a thousand values the ranks of its ends follow from the normal
        approximation of the binomial distribution, which the others use exactly.
        """
        count = self.count
        if not count:
            return None
        if count <= _EXACT:
            return interval(self.values(), percent)
        share = percent / 100
        spread = 1.96 * math.sqrt(share * (1 - share) / count)
        assert CONFIDENCE == 0.95  # noqa: PLR2004, S101  # what 1.96 stands for
        ends = (100 * max(share - spread, 0.0), percent, 100 * min(share + spread, 1.0))
        low, seen, high = (self.percentile(end) or 0.0 for end in ends)
        return Interval(low, seen, high)

    def values(self) -> Iterable[float]:
        """Yield every value, to three digits, in order."""
        for step in self._histogram.get_recorded_iterator():
            for _ in range(step.count_at_value_iterated_to):
                yield step.value_iterated_to / self._scale

    def points(self) -> tuple[tuple[float, float], ...]:
        """Return (value, share of the values up to it) for each bucket with values."""
        total, found, seen = self.count, [], 0
        for step in self._histogram.get_recorded_iterator():
            seen += step.count_at_value_iterated_to
            found.append((step.value_iterated_to / self._scale, seen / total))
        return tuple(found)

    def to_json(self) -> str:
        """Return the histogram in the interchange format V2, compressed, as base64."""
        text: bytes = self._histogram.encode()
        return text.decode()

    @classmethod
    def from_json(cls, text: str, scale: int) -> Self:
        """Return the values that `to_json` wrote."""
        values = cls(scale)
        values._histogram.decode_and_add(text.encode())  # its own
        return values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it changes


def format_figure(row: str, value: float) -> str:
    """Return *value* of the row with that name, with its unit."""
    if row == RATE:
        return f"{value:.1f}/s"
    if abs(value) >= 1:
        return f"{value:.2f} s"
    return f"{1_000 * value:.1f} ms"


def _empty() -> dict[str, Values]:
    return {name: Values(scale) for name, scale in _SCALE.items()}


@dataclass(slots=True)
class Totals:
    """
    Counts and histograms of the requests of one or several processes.

    `latencies` and what follows it are those of the measured requests, which were
    intended to start after the warm-up.
    """

    # All requests by the kind of their response, with those of the warm-up.
    kinds: Counter[str] = field(default_factory=Counter)
    # All requests by what was suspicious about their response.
    suspicions: Counter[str] = field(default_factory=Counter)
    # All requests by chat of the scenario.
    chats: Counter[str] = field(default_factory=Counter)
    # Requests that were due and never sent, because the run was stopped.
    unsent: int = 0
    latencies: dict[str, Values] = field(default_factory=_empty)
    measured: int = 0
    # Of the measured ones: answered in full, and those within all budgets too.
    answered: int = 0
    good: int = 0
    # Started late because all users were busy.
    late: int = 0
    # Of the answered ones, with usage or counted afterwards.
    tokens: int = 0
    prompt_tokens: int = 0
    # Of the measured ones by second of their intended start.
    starts: Counter[int] = field(default_factory=Counter)
    goods: Counter[int] = field(default_factory=Counter)
    # Seconds from the intended start of the run to the first and last measured moment.
    first: float = math.inf
    last: float = 0.0

    def add(self, measure: Measure) -> None:
        """Add one request."""
        self.kinds[measure.kind] += 1
        self.chats[measure.chat] += 1
        self.suspicions.update(measure.suspicions)
        if not measure.measured:
            return
        self.measured += 1
        self.starts[int(measure.intended)] += 1
        self.first = min(self.first, measure.intended)
        self.last = max(self.last, measure.ended)
        self.late += measure.late
        self.latencies["start_delay"].add(measure.start_delay)
        if measure.kind != ResponseKind.ANSWERED:
            return
        self.answered += 1
        self.tokens += measure.tokens or 0
        self.prompt_tokens += measure.prompt_tokens or 0
        if measure.good:
            self.good += 1
            self.goods[int(measure.intended)] += 1
        for name, value in measure.figures.items():
            if value is not None:
                self.latencies[name].add(value)
        for gap in measure.gaps:
            self.latencies["icl"].add(gap)

    def merge(self, other: Totals) -> None:
        """Add all requests of *other*."""
        for mine, theirs in (
            (self.kinds, other.kinds),
            (self.suspicions, other.suspicions),
            (self.chats, other.chats),
        ):
            mine.update(theirs)
        self.starts.update(other.starts)
        self.goods.update(other.goods)
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name, values in self.latencies.items():
            values.merge(other.latencies[name])
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)

    @property
    def sent(self) -> int:
        """The number of requests sent, with those of the warm-up."""
        return self.kinds.total()

    @property
    def seconds(self) -> float:
        """From the first intended start to the last end of the measured requests."""
        return max(self.last - self.first, 0.0) if self.measured else 0.0

    def rate(self, count: float) -> float:
        """Return *count* per second of the measured time."""
        return count / self.seconds if self.seconds > 0 else 0.0

    @property
    def goodput(self) -> float | None:
        """The share of the measured requests that are good; None without any."""
        return self.good / self.measured if self.measured else None

    def to_json(self) -> dict[str, Json]:
        """Return all of it as JSON that `from_json` reads."""
        return {
            **{name: getattr(self, name) for name in _SUMS},
            "kinds": {**self.kinds},
            "suspicions": {**self.suspicions},
            "chats": {**self.chats},
            "starts": {str(k): v for k, v in self.starts.items()},
            "goods": {str(k): v for k, v in self.goods.items()},
            "first": self.first if math.isfinite(self.first) else None,
            "last": self.last,
            "latencies": {n: v.to_json() for n, v in self.latencies.items()},
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Return the totals that `to_json` wrote."""
        return cls(
            **{name: saved[name] for name in _SUMS},
            kinds=Counter(saved["kinds"]),
            suspicions=Counter(saved["suspicions"]),
            chats=Counter(saved["chats"]),
            starts=Counter({int(k): v for k, v in saved["starts"].items()}),
            goods=Counter({int(k): v for k, v in saved["goods"].items()}),
            first=math.inf if saved["first"] is None else saved["first"],
            last=saved["last"],
            latencies={
                name: Values.from_json(saved["latencies"][name], scale)
                for name, scale in _SCALE.items()
            },
        )


_SUMS = (
    *("unsent", "measured", "answered", "good", "late"),
    *("tokens", "prompt_tokens"),
)
