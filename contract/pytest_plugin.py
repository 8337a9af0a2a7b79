"""The pytest plug-in: each check on each target is an ordinary test item."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `magistral-contract verify` that make sense in a test run."""
    parser.getgroup("contract", "magistral-contract")
