"""Latency plan of a reply: one absolute schedule, computed in advance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class LatencyPlan:
    """The latencies of a reply, in seconds."""

    # From the end of the request to the first text.
    ttft: float = 0.0
    # Between successive texts.
    icl: float = 0.0
    # Maximum random deviation of `icl`, in both directions.
    jitter: float = 0.0
    # Seed of the deviations.
    seed: int = 0

    def times(self, count: int, number: int = 0) -> tuple[float, ...]:
        """
        Return when each of *count* texts is due, in seconds since the request was read.

        Equal plans with an equal *number* (that of the reply) give equal times.
        """
        if not self.jitter:
            return tuple(self.ttft + self.icl * index for index in range(count))
        random = Random(f"{self.seed}:{number}")  # noqa: S311  # not a secret
        times = [self.ttft]
        for _ in range(1, count):
            gap = self.icl + random.uniform(-self.jitter, self.jitter)
            times.append(times[-1] + max(gap, 0.0))
        return tuple(times[:count])


AT_ONCE = LatencyPlan()
