"""A refusal where an answer was due, as the dialect would spell it."""

from dataclasses import replace

import pytest
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.checks.faults.refusal import (
    reject,
    request_body,
)
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
    wrong,
)
from contract.model.rejection import RejectionReason
from contract.schema import openapi

PROFILES = builtin()
NAMES = [name for name in PROFILES if name != "transformers"]


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", NAMES)
def test_refusal_is_an_error_of_the_dialect(name, probe):
    profile = PROFILES[name]
    reply = reject(told(profile, probe), "/temperature", 2, "too hot")

    assert reply.status in {400, 422}
    assert not reply.streamed
    assert openapi.accepts(profile.dialect.prefix + "Error", reply.json)
    assert RejectionReason.UNSUPPORTED is reply.rejection.reason


def test_what_was_refused_stays_refused():
    refused = told(PROFILES["vllm-0.32"], wrong("hot", "/temperature", '"hot"'))

    assert refused == reject(refused, "/n", 1, "no")


@pytest.mark.parametrize(
    ("body", "seen"),
    [(b'{"n": 1}', {"n": 1}), (b"[]", {}), (b"{", {}), (b"", {})],
)
def test_what_is_no_object_was_sent_as_nothing(body, seen):
    reply = told(PROFILES["vllm-0.32"], SUM_WHOLE)
    request = replace(reply.request, body=body)

    assert seen == request_body(replace(reply, request=request))
