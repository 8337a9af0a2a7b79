"""A bound on what exchanges keep of the values that are derived from their bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Protocol
from weakref import ReferenceType, ref

# In bytes of bodies. What is derived from a body takes some five to twenty times its
# size. The exchanges of an ordinary run have a few megabytes together.
MOST_WARM = 32 * 2**20


class Releasable(Protocol):
    """Something that computes values from its bytes, and can do so again."""

    def release(self) -> None:
        """Forget what was computed."""


class Warm:
    """
    The exchanges that keep what was derived from them, those read last.

    Usage: `WARM.add(exchange, size)` before anything is derived from *size* bytes.
    It keeps no exchange alive, and is safe to use from threads.
    """

    def __init__(self, most: int = MOST_WARM) -> None:
        """Keep what is derived from *most* bytes, and from the last exchange."""
        self._most = most
        self._total = 0
        self._kept: OrderedDict[int, tuple[ReferenceType[Releasable], int]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    def add(self, one: Releasable, size: int) -> None:
        """Note that *one* derives values of *size* bytes; release others for it."""
        cold = []
        with self._lock:
            self._forget(id(one))
            self._kept[id(one)] = ref(one), size
            self._total += size
            while self._total > self._most and len(self._kept) > 1:
                cold.append(self._forget(next(iter(self._kept))))
        for other in cold:
            if other is not None and other is not one:
                other.release()

    def _forget(self, number: int) -> Releasable | None:
        reference, size = self._kept.pop(number, (None, 0))
        self._total -= size
        return None if reference is None else reference()


WARM = Warm()
