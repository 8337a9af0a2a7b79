"""The ready-made test: `pytest --pyargs contract.suite --contract-target URL`."""

from __future__ import annotations

from contract.pytest_plugin.judged import Judged


def test_contract(contract_result: Judged) -> None:
    """One check on one target: skips, is expected to fail, or fails with findings."""
    contract_result.enforce()
