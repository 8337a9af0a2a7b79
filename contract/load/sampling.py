"""The exchanges of a run that are kept: a random sample, and suspicious ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from heapq import heappop, heappush

from contract.load.measure import Measure
from contract.model.exchange import Exchange

RANDOM = 200  # exchanges of the random sample
PER_SUSPICION = 5
SUSPICIOUS = 60
MOST_BYTES = 24 * 2**20  # of all exchanges that are kept, requests and replies


@dataclass(frozen=True, slots=True)
class Kept:
    """An exchange that is kept."""

    # Its number in the run.
    number: int
    exchange: Exchange
    # What is suspicious about it.
    suspicions: tuple[str, ...] = ()


class Samples:
    """
    A uniform random sample without replacement, and the first suspicious exchanges.

    The sample are the requests whose numbers have the smallest hashes (bottom-k), so
    several processes together keep the sample that one process would.
    """

    def __init__(self, seed: int, most: int = RANDOM, size: int = MOST_BYTES) -> None:
        """
        Keep nothing yet.

        Args:
            seed: The seed of the run.
            most: Exchanges of the random sample.
            size: Bytes of both; an exchange for which there is no room is not kept.
        """
        self._seed = seed
        self._most = most
        self._size = size
        self._used = 0
        # The largest hash first.
        self._heap: list[tuple[int, int, Kept]] = []
        self._suspicious: dict[int, Kept] = {}
        self._by_reason: dict[str, int] = {}

    def offer(self, measure: Measure, exchange: Exchange) -> bool:
        """Keep *exchange* if it is drawn or suspicious; return whether it is kept."""
        size = _size(exchange)
        one = Kept(measure.number, exchange, measure.suspicions)
        if self._is_wanted(measure) and self._used + size <= self._size:
            self._used += size
            for reason in measure.suspicions:
                self._by_reason[reason] = self._by_reason.get(reason, 0) + 1
            self._suspicious[measure.number] = one
            return True
        key = -self._hash(measure.number)
        if len(self._heap) >= self._most and key <= self._heap[0][0]:
            return False
        # A few long replies must not leave the sample without the others.
        if size > self._size // 8 or self._used + size > self._size:
            return False
        heappush(self._heap, (key, measure.number, one))
        self._used += size
        if len(self._heap) > self._most:
            _, _, dropped = heappop(self._heap)
            self._used -= _size(dropped.exchange)
        return True

    def _is_wanted(self, measure: Measure) -> bool:
        if not measure.suspicions or len(self._suspicious) >= SUSPICIOUS:
            return False
        counts = [self._by_reason.get(reason, 0) for reason in measure.suspicions]
        return min(counts) < PER_SUSPICION

    def _hash(self, number: int) -> int:
        digest = hashlib.blake2b(f"{self._seed}:{number}".encode(), digest_size=8)
        return int.from_bytes(digest.digest())

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is kept, in the order of the numbers."""
        found = {number: one for _, number, one in self._heap} | self._suspicious
        return tuple(found[number] for number in sorted(found))


def _size(exchange: Exchange) -> int:
    return exchange.size + len(exchange.request.body)
