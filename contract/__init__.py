"""Proves that an LLM chat endpoint keeps its contract."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract import errors
    from contract.model.chat import Probe
    from contract.model.check import (
        Check,
        Fault,
        Finding,
        check,
        fault,
    )
    from contract.model.exchange import Exchange
    from contract.model.profile import Profile
    from contract.run.report import (
        Outcome,
        Report,
        Result,
    )


__all__ = [
    "Check",
    "Exchange",
    "Fault",
    "Finding",
    "Outcome",
    "Probe",
    "Profile",
    "Report",
    "Result",
    "__version__",
    "check",
    "errors",
    "fault",
    "verify",
]

# Where each public name lives. They are imported when first used, so that
# `import contract` costs nothing in a test suite that never verifies.
_HOMES = {
    "Check": "contract.model.check",
    "Exchange": "contract.model.exchange",
    "Fault": "contract.model.check",
    "Finding": "contract.model.check",
    "Outcome": "contract.run.report",
    "Probe": "contract.model.chat",
    "Profile": "contract.model.profile",
    "Report": "contract.run.report",
    "Result": "contract.run.report",
    "check": "contract.model.check",
    "fault": "contract.model.check",
}


def verify(
    target: str,
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    slow: bool = False,
    strict: bool = False,
    **options: Any,  # documented by `contract.run.verification.open_target`
) -> Report:
    """
    What holds of *target*, which is spelled as on the command line.

    *select* and *ignore* name checks, families or patterns; *options* are those of
    `contract.run.verification.open_target`: profile, model, key_env, limits, concurrency,
    max_requests. Raises a `ContractError` for a target that cannot be judged.
    """
    from contract.model.check import Check
    from contract.plugins.discovery import find
    from contract.run.report import Report
    from contract.run.select import select as selected
    from contract.run.verification import open_target

    checks = selected(find("checks", Check).values(), select, ignore)
    with open_target(target, **options) as verification:
        results = tuple(verification.verify(checks, slow=slow))
        header = verification.header
    return Report(headers=(header,), results=results, strict=strict)


def __getattr__(name: str) -> object:
    if name == "errors":
        return import_module("contract.errors")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
