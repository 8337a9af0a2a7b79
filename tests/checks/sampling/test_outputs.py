"""What was said, and the lot that is drawn for a fault."""

import pytest
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.checks.judging.answered import visible_text
from contract.checks.sampling.outputs import lot
from contract.mock_server.provider import (
    SERVED,
    MockProvider,
)
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.reply import rehearse
from contract.model.wire import build_request

PROFILES = builtin()


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", PROFILES)
def test_every_reply_draws_its_own_lot(name, probe):
    profile = PROFILES[name]
    request = build_request(probe, profile, SERVED[0])
    provider = MockProvider(profile.dialect)
    lots = {lot(provider.reply(request, number)) for number in range(8)}

    assert len(lots) == 8
    assert {6} == {len(one) for one in lots}


def test_a_body_without_an_id_draws_nothing():
    assert lot(told(PROFILES["vllm-0.32"], SUM_WHOLE).with_json([])) == ""


def test_white_space_around_thought_and_answer_is_not_said():
    profile = PROFILES["vllm-0.32"]
    exchange = rehearse(told(profile, SUM_WHOLE), SUM_WHOLE, profile)

    assert visible_text(exchange) == (
        exchange.reasoning.strip(),
        exchange.answer.strip(),
    )
    assert all(visible_text(exchange))
