"""A refusal where an answer was due, as the dialect would spell it."""

from dataclasses import replace

import pytest
from rehearsal import told

from contract import spec
from contract.checks.refuse import refuse, sent
from contract.dialects.base import Trouble
from contract.probes import SUM, SUM_WHOLE, wrong
from contract.profiles import builtin

PROFILES = builtin()
NAMES = [name for name in PROFILES if name != "transformers"]


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", NAMES)
def test_refusal_is_an_error_of_the_dialect(name, probe):
    profile = PROFILES[name]
    reply = refuse(told(profile, probe), "/temperature", 2, "too hot")

    assert reply.status in {400, 422}
    assert not reply.streamed
    assert spec.accepts(profile.dialect.prefix + "Error", reply.json)
    assert Trouble.UNSUPPORTED is reply.problem.trouble


def test_what_was_refused_stays_refused():
    refused = told(PROFILES["vllm-0.32"], wrong("hot", "/temperature", '"hot"'))

    assert refused == refuse(refused, "/n", 1, "no")


@pytest.mark.parametrize(
    ("body", "seen"),
    [(b'{"n": 1}', {"n": 1}), (b"[]", {}), (b"{", {}), (b"", {})],
)
def test_what_is_no_object_was_sent_as_nothing(body, seen):
    reply = told(PROFILES["vllm-0.32"], SUM_WHOLE)
    request = replace(reply.request, body=body)

    assert seen == sent(replace(reply, request=request))
