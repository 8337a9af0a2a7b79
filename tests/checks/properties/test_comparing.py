"""Comparison of the answers to pairs of equivalent requests."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import (
    mock_reply,
    overcharged_exchange,
    rewritten_exchange,
    verdict_on,
)

from contract.catalog.profiles import builtin
from contract.checks.properties import comparing
from contract.checks.properties.answers import invalid_requests_are_refused
from contract.checks.properties.pairs import (
    more_text_is_more_tokens,
    spelling_of_json_does_not_matter,
    streamed_equals_whole,
)
from contract.checks.properties.parts import (
    text_in_parts_equals_text,
    text_part_equals_text,
)
from contract.checks.properties.tokens import prompts_are_counted_exactly
from contract.model.chat import Message, Options
from contract.model.exchange import Arrival
from contract.model.probe import Probe
from contract.model.probes import SUM, SUM_WHOLE, TOOL, TOOL_WHOLE
from contract.model.reply import rehearse

PROFILES = builtin()
VLLM = PROFILES["vllm-0.32"]
COMPARING = (
    streamed_equals_whole,
    spelling_of_json_does_not_matter,
    text_part_equals_text,
    text_in_parts_equals_text,
    more_text_is_more_tokens,
)


def answer(probe=SUM_WHOLE, profile=VLLM):
    return rehearse(mock_reply(profile, probe), probe, profile)


def empty():
    """The response of an unrelated web application: status 200 and other JSON."""
    return replace(answer(), arrivals=(Arrival(0.0, b'{"hello":"world"}'),))


@pytest.mark.parametrize("check", COMPARING, ids=lambda check: check.id)
def test_two_empty_answers_are_not_applicable(check):
    assert verdict_on(check, empty(), empty()).word == "skip"


def test_reply_without_usage_is_not_applicable():
    assert verdict_on(prompts_are_counted_exactly, empty()).word == "skip"


def test_error_of_another_schema_is_found():
    assert verdict_on(invalid_requests_are_refused, empty()).word == "fail"


@pytest.mark.parametrize("name", PROFILES)
def test_stream_of_the_mock_equals_its_whole_response(name):
    profile = PROFILES[name]
    whole, streamed = answer(SUM_WHOLE, profile), answer(SUM, profile)

    assert verdict_on(streamed_equals_whole, whole, streamed).word == "pass"


def test_arguments_of_a_call_are_compared_but_not_its_id():
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


def test_longer_prompt_with_fewer_tokens_is_found():
    short, long = answer(), overcharged_exchange(VLLM, SUM_WHOLE, 1)

    assert verdict_on(more_text_is_more_tokens, short, long).word == "pass"
    assert verdict_on(more_text_is_more_tokens, long, short).word == "fail"


def test_parts_must_equal_one_of_the_joined_texts():
    parts, other = answer(), overcharged_exchange(VLLM, SUM_WHOLE, 1)

    assert verdict_on(text_in_parts_equals_text, parts, other, parts).word == "pass"
    assert verdict_on(text_in_parts_equals_text, parts, other, other).word == "fail"


def test_last_question_is_replaced_before_a_prefix():
    probe = Probe(
        name="prefixed",
        messages=(
            Message("user", "One."),
            Message("user", "Two."),
            Message("assistant", "Three", prefix=True),
        ),
        options=Options(n=2, temperature=1.0),
    )

    replaced = comparing.with_last_question(probe, "Four.")

    assert comparing.last_question(probe) == "Two."
    assert comparing.last_user_content(probe) == "Two."
    assert comparing.last_user_content(replaced) == "Four."
    assert comparing.last_user_content(None) == ""
    assert comparing.deterministic(probe).options.n is None
    assert comparing.without_prefix(probe).messages == probe.messages[:2]
    assert comparing.without_prefix(SUM) == SUM
