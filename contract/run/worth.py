"""
The order in which checks are asked where time is short: what finds most comes first.

A check is worth the faults that it is proven to find (`Fault.breaks`), and the public
reports of each. Both are part of the package, so the order is the same in each run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from math import inf

from contract.catalog.breakages import breakages
from contract.model.check import Check, Fault
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.plugins.discovery import find
from contract.run.plan import first_requests, inapplicable, is_ordered


@cache
def worth() -> Mapping[str, int]:
    """
    Return what a check is worth, by id: one for each fault, and for each report of it.

    A check whose faults are not known, of a plug-in, is worth nothing.
    """
    found: Counter[str] = Counter()
    for fault in find("checks", Fault).values():
        found[fault.breaks.id] += 1
    for breakage in breakages().values():
        found[breakage.fault.breaks.id] += 1
    return found


def by_worth(
    checks: Iterable[Check],
    profile: Profile,
    *,
    concurrency: int,
    slow: bool = False,
    thorough: bool = False,
) -> tuple[Check, ...]:
    """
    Return those of *checks* that apply to *profile*, the most worth per second first.

    The time of a check is that of the requests that no check before it has sent: a
    request sent alone takes *concurrency* times as long as one that is not. Equal ones
    keep their order. *slow* includes the checks that are marked as slow; *thorough*
    counts the own requests of every check, not the combined ones.
    """
    waiting = [c for c in checks if inapplicable(c, profile, slow=slow) is None]
    # Hashing a probe takes long, so each is hashed once.
    numbers: dict[Probe, int] = {}
    left = {
        check.id: {
            numbers.setdefault(probe, len(numbers))
            for probe in first_requests(check, profile, thorough=thorough)
        }
        for check in waiting
    }
    known = worth()

    def rate(check: Check) -> float:
        """The worth for the time of one request beside others."""
        new = len(left[check.id])
        if check.explores is None and not new:
            return inf
        cost = new * (concurrency if is_ordered(check) else 1)
        return known.get(check.id, 0) / max(cost, 1)

    rates = {check.id: rate(check) for check in waiting}
    ordered: list[Check] = []
    while waiting:
        best = max(waiting, key=lambda check: rates[check.id])
        waiting.remove(best)
        ordered.append(best)
        sent = frozenset(left[best.id])
        for check in waiting:
            if not sent.isdisjoint(left[check.id]):
                left[check.id] -= sent
                rates[check.id] = rate(check)
    return tuple(ordered)
