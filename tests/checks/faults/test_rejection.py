"""Answers replaced by rejections in the format of their dialect."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.faults.rejection import reject, request_body
from contract.model.probes import SUM, SUM_WHOLE, wrong
from contract.model.rejection import RejectionReason
from contract.schema import openapi

PROFILES = builtin()
NAMES = [name for name in PROFILES if name != "transformers"]


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", NAMES)
def test_rejection_is_an_error_of_the_dialect(name, probe):
    profile = PROFILES[name]
    reply = reject(mock_reply(profile, probe), "/temperature", 2, "too hot")

    assert reply.status in {400, 422}
    assert not reply.streamed
    assert openapi.accepts(profile.dialect.prefix + "Error", reply.json)
    assert RejectionReason.UNSUPPORTED is reply.rejection.reason


def test_rejected_reply_is_not_changed():
    rejected = mock_reply(PROFILES["vllm-0.32"], wrong("hot", "/temperature", '"hot"'))

    assert rejected == reject(rejected, "/n", 1, "no")


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"n": 1}', {"n": 1}), (b"[]", {}), (b"{", {}), (b"", {})],
)
def test_request_body_is_empty_unless_it_is_an_object(body, expected):
    reply = mock_reply(PROFILES["vllm-0.32"], SUM_WHOLE)
    request = replace(reply.request, body=body)

    assert expected == request_body(replace(reply, request=request))
