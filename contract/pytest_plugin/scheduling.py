"""Scheduling under xdist: all items of a target run in one worker."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # xdist publishes no types

if TYPE_CHECKING:
    import pytest

Scope = Callable[[str], str]


def _itself(nodeid: str) -> str:
    return nodeid


def _group(nodeid: str) -> str:
    """Return the group that the mark `xdist_group` sets, or else the node id."""
    # A parameter may contain an @ too.
    grouped = nodeid.rfind("@") > nodeid.rfind("]")
    return nodeid.rpartition("@")[2] if grouped else nodeid


# By xdist mode: the scope of an item without a target. Items of one scope run in one
# worker.
SCOPES: Mapping[str, Scope] = {
    "load": _itself,
    "worksteal": _itself,
    "loadgroup": _group,
    "loadscope": lambda nodeid: nodeid.rpartition("::")[0],
    "loadfile": lambda nodeid: nodeid.partition("::")[0],
}


def target_of(nodeid: str, targets: tuple[str, ...]) -> str | None:
    """
    Return the one of *targets* that is a parameter of an item; None if none is.

    Parameters are joined by `-`, which a target may contain too, so the longest
    matching target wins.
    """
    parameters = nodeid.partition("::")[2].partition("[")[2].rpartition("]")[0]
    matching = [
        target
        for target in targets
        if re.search(rf"(?:^|-){re.escape(_as_id(target))}(?:-|$)", parameters)
    ]
    return max(matching, key=len, default=None)


def _as_id(target: str) -> str:
    """Return *target* as pytest writes it in an id, with all but ASCII escaped."""
    return target.encode("unicode_escape").decode()


class TargetScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types
    """
    A scheduler that assigns all items of a target to one worker.

    Each target is opened once, and concurrent requests of several workers cannot
    distort its latencies. Other items are scheduled as in the given xdist mode.
    """

    def __init__(
        self, config: pytest.Config, log: object, targets: tuple[str, ...], scope: Scope
    ) -> None:
        """
        Create the scheduler.

        Args:
            config: The configuration of the test run.
            log: The log producer of xdist.
            targets: The targets as they are named in item ids.
            scope: Returns the scope of an item without a target.
        """
        super().__init__(config, log)
        self._targets = targets
        self._scope = scope

    def _split_scope(self, nodeid: str) -> str:
        target = target_of(nodeid, self._targets)
        return self._scope(nodeid) if target is None else f"target {target}"
