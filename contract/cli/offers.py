"""What a target is to be held to beyond its profile, as a command line names it."""

from __future__ import annotations

from collections.abc import Iterable

from contract.errors import UsageError
from contract.model.profile import Capability
from contract.plugins.discovery import suggestion

NAMES = tuple(capability.value for capability in Capability)


def capabilities(names: Iterable[str]) -> frozenset[Capability]:
    """The capabilities of these *names*; `UsageError` for one that nobody knows."""
    found = set()
    for name in names:
        if name not in NAMES:
            raise UsageError(
                f"Unknown capability {name!r}{suggestion(name, NAMES, few=len(NAMES))}"
            )
        found.add(Capability(name))
    return frozenset(found)
