"""JSON encoding checks: escapes and NUL characters."""

import json

import pytest
from support.rehearsal import mock_reply, overcharged_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.faults.rejection import reject
from contract.checks.judging.prompt_tokens import PLAIN
from contract.checks.languages.spelling import (
    ESCAPED,
    HEAD_ONLY,
    NUL,
    RAW,
    escapes_mean_the_same,
    nul_ends_nothing,
)
from contract.model.reply import rehearse
from contract.model.wire import build_request

PROFILES = builtin()


def bodies(model="m"):
    return [
        build_request(probe, PROFILES["vllm-0.32"], model).body
        for probe in (RAW, ESCAPED)
    ]


def test_both_encodings_are_the_same_request():
    raw, escaped = bodies()

    assert json.loads(raw) == json.loads(escaped)
    assert escaped.isascii()
    assert not raw.isascii()


@pytest.mark.parametrize("model", ["m", 'a"b\\c', "größe"])
def test_both_contain_the_model_of_the_target(model):
    assert [model] * 2 == [json.loads(body)["model"] for body in bodies(model)]


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(("more", "word"), [(0, "pass"), (1, "fail"), (-3, "fail")])
def test_a_different_count_is_a_finding(name, more, word):
    raw, escaped = (
        overcharged_exchange(PROFILES[name], RAW, 0),
        overcharged_exchange(PROFILES[name], ESCAPED, more),
    )

    assert word == verdict_on(escapes_mean_the_same, raw, escaped).word


@pytest.mark.parametrize("name", ["vllm-0.32", "mistral-2026-08", "llamacpp"])
def test_a_rejected_nul_passes(name):
    profile = PROFILES[name]
    base, head = (
        overcharged_exchange(profile, probe, 0) for probe in (PLAIN, HEAD_ONLY)
    )
    rejected = rehearse(
        reject(mock_reply(profile, NUL), "/messages", None, "NUL"), NUL, profile
    )

    assert verdict_on(nul_ends_nothing, base, head, rejected).word == "pass"


@pytest.mark.parametrize("name", ["vllm-0.32", "mistral-2026-08", "llamacpp"])
def test_a_text_cut_at_the_nul_is_a_finding(name):
    profile = PROFILES[name]
    base, head, whole = (
        overcharged_exchange(profile, p, 0) for p in (PLAIN, HEAD_ONLY, NUL)
    )
    less = head.count("prompt_tokens") - whole.count("prompt_tokens")
    cut = overcharged_exchange(profile, NUL, less)

    assert verdict_on(nul_ends_nothing, base, head, whole).word == "pass"
    assert verdict_on(nul_ends_nothing, base, head, cut).word == "fail"
