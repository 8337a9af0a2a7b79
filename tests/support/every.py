"""Every dialect as a parameter of tests: a few in the fast suite, all in the grid."""

from __future__ import annotations

import pytest

from contract.catalog.providers import dialects

# One for each way to spell reasoning, errors and addresses.
FEW = frozenset(
    {"mistral-2026-10", "vllm-0.16", "llamacpp", "transformers", "vllm-responses"}
)
DIALECTS = tuple(
    pytest.param(dialect, id=name, marks=() if name in FEW else (pytest.mark.grid,))
    for name, dialect in dialects().items()
)
EVERY = pytest.mark.parametrize("dialect", DIALECTS)


if not set(dialects()) >= FEW:
    raise LookupError(f"not all of these dialects exist: {sorted(FEW)}")
