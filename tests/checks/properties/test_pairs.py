"""Pairs of equivalent requests: whole and streamed, short and long, odd JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import Phase, find, settings
from support.rehearsal import overcharged_exchange, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.properties.pairs import (
    more_text_is_more_tokens,
    plain_and_odd,
    streamed_equals_whole,
)
from contract.model.probes import SUM, SUM_WHOLE, TOOL, TOOL_WHOLE
from contract.model.wire import build_request

PROFILES = builtin()
VLLM = PROFILES["vllm-0.32"]
ONE = settings(max_examples=100, phases=[Phase.generate], database=None)


@pytest.mark.parametrize("name", PROFILES)
def test_stream_of_the_mock_equals_its_whole_response(name, answer):
    whole, streamed = answer(SUM_WHOLE, name), answer(SUM, name)

    assert verdict_on(streamed_equals_whole, whole, streamed).word == "pass"


def test_arguments_of_a_call_are_compared_but_not_its_id(answer):
    def elsewhere(pieces):
        return tuple(replace(p, text=p.text.replace("Paris", "Rome")) for p in pieces)

    def renamed(pieces):
        return tuple(
            replace(p, call=replace(p.call, id="Z9y8X7w6V")) if p.call else p
            for p in pieces
        )

    whole = answer(TOOL_WHOLE)
    other, again = (
        rewritten_exchange(VLLM, TOOL_WHOLE, one) for one in (elsewhere, renamed)
    )
    (finding,) = verdict_on(streamed_equals_whole, whole, other).findings

    assert finding.message == "different call"
    assert verdict_on(streamed_equals_whole, whole, again).word == "pass"
    assert verdict_on(streamed_equals_whole, whole, answer(TOOL)).word == "pass"


def test_longer_prompt_with_fewer_tokens_is_found(answer):
    short, long = answer(), overcharged_exchange(VLLM, SUM_WHOLE, 1)

    assert verdict_on(more_text_is_more_tokens, short, long).word == "pass"
    assert verdict_on(more_text_is_more_tokens, long, short).word == "fail"


def test_odd_json_is_the_same_request_in_other_bytes():
    pair = find(plain_and_odd(VLLM), lambda _: True, settings=ONE)
    plain, odd = (build_request(probe, VLLM, "m").body for probe in pair)

    assert json.loads(plain) == json.loads(odd)
    assert [*json.loads(plain)] == [*json.loads(odd)][::-1]
    assert odd.startswith(b"{\n")
    assert odd.isascii()
