"""Tests of the nonce that distinguishes replies."""

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.sampling.nonce import reply_nonce
from contract.mock_server.provider import SERVED, MockProvider
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.wire import build_request

PROFILES = builtin()


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", PROFILES)
def test_every_reply_has_its_own_nonce(name, probe):
    profile = PROFILES[name]
    request = build_request(probe, profile, SERVED[0])
    provider = MockProvider(profile.dialect)
    nonces = {reply_nonce(provider.reply(request, number)) for number in range(8)}

    assert len(nonces) == 8
    assert {6} == {len(nonce) for nonce in nonces}


def test_a_body_without_an_id_has_an_empty_nonce():
    assert reply_nonce(mock_reply(PROFILES["vllm-0.32"], SUM_WHOLE).with_json([])) == ""
