"""
Proves checks without a network: rehearse one on a mock, or run all laws over a set.

Imports: catalog, client, errors, mock_server, model, plugins, run, tokens. Third
parties: hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.testing.laws import broken_laws, run_laws
    from contract.testing.proof import ensure_proven, select_checks, unproven
    from contract.testing.rehearsal import Rehearsal, rehearse, reply_to

__all__ = [
    "Rehearsal",
    "broken_laws",
    "ensure_proven",
    "rehearse",
    "reply_to",
    "run_laws",
    "select_checks",
    "unproven",
]

_HOMES = {
    "Rehearsal": "contract.testing.rehearsal",
    "broken_laws": "contract.testing.laws",
    "ensure_proven": "contract.testing.proof",
    "rehearse": "contract.testing.rehearsal",
    "reply_to": "contract.testing.rehearsal",
    "run_laws": "contract.testing.laws",
    "select_checks": "contract.testing.proof",
    "unproven": "contract.testing.proof",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
