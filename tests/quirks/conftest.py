"""Replies of the mock for quirks, and their exchanges."""

from __future__ import annotations

import pytest

from contract.catalog import profiles
from contract.mock_server.provider import MockProvider
from contract.model.probes import UTF8
from contract.model.reply import rehearse
from contract.model.wire import build_request

MODEL = "magistral-small-2509"


@pytest.fixture
def reply():
    """`reply(probe, profile)` is the reply of the mock."""

    def reply(probe=UTF8, profile="vllm-0.16"):
        known = profiles.named(profile)
        provider = MockProvider(known.dialect, models=(MODEL,))
        return provider.reply(build_request(probe, known, MODEL), 0)

    return reply


@pytest.fixture
def read():
    """`read(reply)` is the exchange of a client that receives the reply."""

    def read(reply, profile="vllm-0.16"):
        return rehearse(reply, UTF8, profiles.named(profile))

    return read
