"""Exchanges of requests that are never sent."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.model.exchange import Arrival, Exchange
from contract.model.wire import build_request

KEY = "sk-0123456789"


@pytest.fixture
def answer():
    """Return a factory: `answer(probe, 401, …)` is an exchange with that status."""

    def made(probe, status=200, *, headers=(), body=b"{}", key=KEY):
        profile = builtin()["mistral-2025-10"]
        return Exchange(
            probe=probe,
            profile=profile,
            request=build_request(probe, profile, "m", key),
            status=status,
            headers=(("content-type", "application/json"), *headers),
            arrivals=(Arrival(0.1, body),),
        )

    return made
