"""The gauges of a busy vLLM, as the load check reads them."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.isolation.load import BEFORE, running
from contract.model.exchange import Arrival
from contract.model.reply import rehearse
from contract.providers.vllm.load import metrics

PROFILE = builtin()["vllm-0.32"]


@pytest.mark.parametrize("busy", [0, 1, 12])
def test_running_requests_are_a_gauge_of_the_model(busy):
    text = metrics(busy, "magistral", 4_096)
    idle = rehearse(mock_reply(PROFILE, BEFORE), BEFORE, PROFILE)

    assert busy == running(replace(idle, arrivals=(Arrival(0.0, text),)))
    assert text.count(b'model_name="magistral"') == 2
    assert text.endswith(b"\n")
