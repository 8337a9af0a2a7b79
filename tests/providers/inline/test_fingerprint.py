"""Servers without a reasoning parser have no fingerprint."""

from support.server_evidence import VLLM, evidence, listing

from contract.providers.inline.fingerprint import FINGERPRINT


def test_no_server_is_recognised():
    assert FINGERPRINT.recognise(evidence()) is None
    assert FINGERPRINT.recognise(evidence(models=listing(VLLM))) is None
