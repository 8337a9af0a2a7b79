"""Tests of keys in responses."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.headers.echoes import key_is_not_echoed
from contract.model.probes import SUM_WHOLE
from contract.model.reply import rehearse

PROFILE = builtin()["mistral-2026-10"]
KEY = "sk-0123456789abcdef"


def exchange(change=lambda reply: reply, key=KEY):
    reply = mock_reply(PROFILE, SUM_WHOLE)
    kept = [pair for pair in reply.request.headers if pair[0] != "authorization"]
    sent = [("authorization", f"Bearer {key}")] if key else []
    request = replace(reply.request, headers=(*kept, *sent))
    return rehearse(change(replace(reply, request=request)), SUM_WHOLE, PROFILE)


def test_a_response_without_the_key_passes():
    assert verdict_on(key_is_not_echoed, exchange()).word == "pass"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda reply: reply.with_header("x-debug", f"key={KEY}"), "header x-debug"),
        (lambda reply: reply.with_json({**reply.json, "debug": KEY}), "body"),
    ],
)
def test_a_key_in_the_response_is_found(change, place):
    (finding,) = key_is_not_echoed.judge(exchange(change))

    assert finding.actual == f"the key in the {place}"


def test_a_request_without_a_key_is_not_judged():
    assert verdict_on(key_is_not_echoed, exchange(key="")).word == "skip"
