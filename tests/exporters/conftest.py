"""A source to export: the contract of the mock."""

from __future__ import annotations

import pytest

from contract.exporters.base import Source
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.targets.mock import mock_profile


@pytest.fixture(scope="session")
def checks():
    return tuple(find("checks", Check).values())


@pytest.fixture(scope="session")
def source(checks):
    """`source(**changes)`: what is exported for a dialect of the mock."""

    def source(dialect="mistral", **changes):
        values = {
            "profile": mock_profile(dialect),
            "base_url": "http://127.0.0.1:8700",
            "model": "magistral-small-2509",
            "checks": checks,
        }
        return Source(**{**values, **changes})

    return source
