"""Parser of capabilities given on a command line in addition to the profile's."""

from __future__ import annotations

from collections.abc import Iterable

from contract.errors import UsageError
from contract.model.profile import Capability
from contract.plugins.discovery import suggestion

NAMES = tuple(capability.value for capability in Capability)


def capabilities(names: Iterable[str]) -> frozenset[Capability]:
    """Return the capabilities named *names*; raise `UsageError` for an unknown name."""
    found = set()
    for name in names:
        if name not in NAMES:
            raise UsageError(
                f"Unknown capability {name!r}{suggestion(name, NAMES, few=len(NAMES))}"
            )
        found.add(Capability(name))
    return frozenset(found)
