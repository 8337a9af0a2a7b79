"""Prompt token counts compared with those of the Tekken tokenizer."""

import json
from dataclasses import replace

import pytest
from support.rehearsal import overcharged_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    expect_exact_count,
    expect_unaltered,
    one_token_request,
    token_difference,
)
from contract.checks.languages.prompts import each_is_read
from contract.mock_server.provider import SERVED, MockProvider
from contract.model.probes import TOOL_WHOLE
from contract.model.reply import rehearse
from contract.model.wire import build_request

PROFILES = builtin()
TEKKEN = [name for name, one in PROFILES.items() if each_is_read.needs <= one.offers]
GREEK = one_token_request("greek", "θάλασσα")


def test_hosted_and_vllm_profiles_promise_tekken_counts():
    assert {"mistral-2025-10", "mistral-2026-08", "vllm-0.11", "vllm-0.32"} <= set(
        TEKKEN
    )
    assert not {"llamacpp", "inline", "transformers"} & set(TEKKEN)


@pytest.mark.parametrize("name", TEKKEN)
@pytest.mark.parametrize("more", [0, 12])
def test_constant_overhead_of_every_prompt_is_ignored(name, more):
    base, greek = (
        overcharged_exchange(PROFILES[name], probe, more) for probe in (PLAIN, GREEK)
    )

    assert [] == list(expect_unaltered(base, (greek,)))
    assert len(set(token_difference(greek, base))) == 1


@pytest.mark.parametrize("more", [-1, 1, 7])
def test_text_with_another_token_count_is_found(more):
    profile = PROFILES["vllm-0.32"]
    base, greek = (
        overcharged_exchange(profile, PLAIN, 0),
        overcharged_exchange(profile, GREEK, more),
    )

    found = list(expect_unaltered(base, (greek,)))

    assert len(found) == 1
    assert "greek" in found[0].message
    assert found[0].actual.isascii()


def test_missing_counts_are_not_applicable():
    base, *others = (
        overcharged_exchange(PROFILES["vllm-0.32"], probe, 0.5)
        for probe in each_is_read.sends
    )

    assert verdict_on(each_is_read, base, *others).word == "skip"


def test_a_gateway_that_sorts_keys_is_not_called_a_wrong_counter():
    profile = PROFILES["vllm-0.32"]
    request = build_request(TOOL_WHOLE, profile, SERVED[0])
    body = json.dumps(json.loads(request.body), sort_keys=True).encode()
    reply = MockProvider(profile.dialect).reply(replace(request, body=body), 0)

    (found,) = expect_exact_count(rehearse(reply, TOOL_WHOLE, profile))

    assert "was changed after it was sent, or counted wrongly" in found.message
