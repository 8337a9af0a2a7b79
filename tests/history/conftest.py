"""Histories that do not wait for the disk."""

from __future__ import annotations

import pytest

from contract.history import database
from contract.history.store import History


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@pytest.fixture
def history(tmp_path):
    history = History.open(str(tmp_path / "h.db"))
    yield history
    history.close()
