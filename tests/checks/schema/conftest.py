"""Whole responses of the mock, unchanged or with one part replaced."""

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
    """`reply(probe, profile=…, number=…)` is the reply of the mock."""

    def reply(probe=SUM_WHOLE, profile="mistral-2026-08", number=0):
        promised = profiles.named(profile)
        mock = MockProvider(promised.dialect, models=(MODEL,))
        return mock.reply(build_request(probe, promised, MODEL), number)

    return reply


@pytest.fixture
def answered(reply):
    """`answered(probe, body=…, headers=…)` is the exchange with those replaced."""

    def answered(  # noqa: PLR0913  # the parts of a response that tests replace
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
