"""Which worker of xdist runs an item: one worker for each target."""

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
    """What xdist appends for a mark `xdist_group`; a parameter may hold an @ too."""
    named = nodeid.rfind("@") > nodeid.rfind("]")
    return nodeid.rpartition("@")[2] if named else nodeid


# What the items of each mode of xdist have in common when no target binds them.
SCOPES: Mapping[str, Scope] = {
    "load": _itself,
    "worksteal": _itself,
    "loadgroup": _group,
    "loadscope": lambda nodeid: nodeid.rpartition("::")[0],
    "loadfile": lambda nodeid: nodeid.partition("::")[0],
}


def target_of(nodeid: str, targets: tuple[str, ...]) -> str | None:
    """
    The one of *targets* that stands in the parameters of an item; None if none does.

    Parameters are joined by `-`, which a target may contain as well: the longest
    target that fits is meant.
    """
    parameters = nodeid.partition("::")[2].partition("[")[2].rpartition("]")[0]
    fitting = [
        target
        for target in targets
        if re.search(rf"(?:^|-){re.escape(_as_id(target))}(?:-|$)", parameters)
    ]
    return max(fitting, key=len, default=None)


def _as_id(target: str) -> str:
    """As pytest writes a parameter's id: everything but printable ASCII escaped."""
    return target.encode("unicode_escape").decode()


class TargetScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types
    """
    All items of a target go to one worker, so that each target is opened once.

    Latencies would disturb one another otherwise. Other items are spread as the
    mode of xdist says.
    """

    def __init__(
        self, config: pytest.Config, log: object, targets: tuple[str, ...], scope: Scope
    ) -> None:
        super().__init__(config, log)
        self._targets = targets
        self._scope = scope

    def _split_scope(self, nodeid: str) -> str:
        target = target_of(nodeid, self._targets)
        return self._scope(nodeid) if target is None else f"target {target}"
