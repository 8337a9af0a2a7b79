"""When the parts of a reply are due: one absolute schedule, decided beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class LatencyPlan:
    """
    Latency as a value; all in seconds since the request was read.

    The first text is due at *ttft*, each further one *icl* later, more or less by up
    to *jitter*. The same *seed* and number give the same times.
    """

    ttft: float = 0.0
    icl: float = 0.0
    jitter: float = 0.0
    seed: int = 0

    def times(self, count: int, number: int = 0) -> tuple[float, ...]:
        """When each of *count* texts is due, in order."""
        if not self.jitter:
            return tuple(self.ttft + self.icl * index for index in range(count))
        random = Random(f"{self.seed}:{number}")  # noqa: S311  # no secret
        times = [self.ttft]
        for _ in range(1, count):
            gap = self.icl + random.uniform(-self.jitter, self.jitter)
            times.append(times[-1] + max(gap, 0.0))
        return tuple(times[:count])


AT_ONCE = LatencyPlan()
