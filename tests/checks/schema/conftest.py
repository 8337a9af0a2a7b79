"""Whole responses of the stand-in, and the same with something changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.catalog import profiles
from contract.mock_server.provider import MockProvider
from contract.model.exchange import Arrival
from contract.model.probes import SUM_WHOLE
from contract.model.reply import rehearse
from contract.model.wire import build_request

MODEL = "magistral-small-2509"


@pytest.fixture
def reply():
    """`reply(probe, profile=…, number=…)` is what the stand-in means to send."""

    def reply(probe=SUM_WHOLE, profile="mistral-2026-08", number=0):
        known = profiles.named(profile)
        provider = MockProvider(known.dialect, models=(MODEL,))
        return provider.reply(build_request(probe, known, MODEL), number)

    return reply


@pytest.fixture
def answered(reply):
    """`answered(probe, body=…, headers=…)` is an exchange with that replaced."""

    def answered(  # noqa: PLR0913  # a response has this many sides
        probe=SUM_WHOLE,
        *,
        profile="mistral-2026-08",
        number=0,
        body=None,
        headers=None,
        fault=None,
    ):
        made = reply(probe, profile, number)
        made = made if fault is None else fault.apply(made)
        for name, value in (headers or {}).items():
            made = made.with_header(name, value)
        exchange = rehearse(made, probe, profiles.named(profile))
        if body is None:
            return exchange
        return replace(exchange, arrivals=(Arrival(0.1, body),))

    return answered
