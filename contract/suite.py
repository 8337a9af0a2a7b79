"""Ready-made test module: `pytest --pyargs contract.suite --contract-target URL`."""

from __future__ import annotations

from contract.pytest_plugin.judged import Judged


def test_contract(contract_result: Judged) -> None:
    """Run one check on one target; the outcome of the check is that of the test."""
    contract_result.enforce()
