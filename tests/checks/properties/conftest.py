"""Answers to plain requests, and one of an unrelated application."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.model.exchange import Arrival
from contract.model.probes import SUM_WHOLE
from contract.model.reply import rehearse


@pytest.fixture
def answer():
    """`answer(probe, profile)` is the exchange of *probe* with the mock."""

    def answer(probe=SUM_WHOLE, profile="vllm-0.32"):
        known = builtin()[profile]
        return rehearse(mock_reply(known, probe), probe, known)

    return answer


@pytest.fixture
def empty(answer):
    """The response of an unrelated web application: status 200 and other JSON."""
    return replace(answer(), arrivals=(Arrival(0.0, b'{"hello":"world"}'),))
