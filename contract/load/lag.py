"""The load of the load generator itself: its CPU time, and how late it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.model.chat import Json
from contract.model.timing import percentile

PULSE = 0.02  # seconds between two measurements
MOST_PULSES = 1_000_000
# A process whose core is busier than this can send and read no faster.
BUSY = 0.95
# Seconds by which its reactions may be late before the figures are doubtful.
MOST_LAG = 0.05


@dataclass(frozen=True, slots=True)
class Generator:
    """How busy one process that sends was, and how late it reacted."""

    # CPU time by wall time, of one core.
    cpu: float
    # Seconds by which it woke up late, at these percentiles, and most.
    lag_p50: float
    lag_p95: float
    lag_p99: float
    lag_max: float
    # Measurements of the lag.
    count: int

    def saturated(self, most_lag: float = MOST_LAG) -> str:
        """Return why its figures are doubtful, as a clause; empty if they are not."""
        if self.cpu > BUSY:
            return f"it used {self.cpu:.0%} of a core"
        if self.lag_p95 > most_lag:
            return (
                f"it reacted {1_000 * self.lag_p95:.0f} ms late (p95; at most "
                f"{1_000 * most_lag:.0f} ms is sound)"
            )
        return ""

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Generator:
        """Return what `Lag.to_json` wrote."""
        return cls(
            cpu=saved["cpu"],
            lag_p50=saved["lag_p50"],
            lag_p95=saved["lag_p95"],
            lag_p99=saved["lag_p99"],
            lag_max=saved["lag_max"],
            count=saved["count"],
        )


class Lag:
    """Measures the lag and the CPU time of this process from its creation on."""

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        """*clock* and *cpu* return seconds."""
        self._clock, self._cpu = clock, cpu
        self._began, self._used = clock(), cpu()
        self._late: list[float] = []

    def pulse(self, sleep: Callable[[float], object]) -> None:
        """Sleep again and again, and measure by how much that takes too long."""
        while len(self._late) < MOST_PULSES:
            before = self._clock()
            sleep(PULSE)
            self._late.append(max(self._clock() - before - PULSE, 0.0))

    def to_json(self, starts: Sequence[float] = ()) -> dict[str, Json]:
        """Return what was measured; *starts* are further lags in seconds."""
        wall = self._clock() - self._began
        late = (*self._late, *starts)
        return {
            "cpu": (self._cpu() - self._used) / wall if wall > 0 else 0.0,
            "lag_p50": percentile(late, 50) or 0.0,
            "lag_p95": percentile(late, 95) or 0.0,
            "lag_p99": percentile(late, 99) or 0.0,
            "lag_max": max(late, default=0.0),
            "count": len(late),
        }
