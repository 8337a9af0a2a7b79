"""Characters that are replaced, dropped or composed change the token count."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.faults.usage import misread_texts, misreport_prompt
from contract.checks.judging.prompt_tokens import PLAIN, one_token_request
from contract.checks.properties.characters import unknown_characters_survive
from contract.model.reply import rehearse

PROFILES = builtin()
UNUSUAL = one_token_request("drawn", "a\u0378e\u0301\ue000 \U000e0fff")


def exchange(profile, probe, change=None):
    reply = mock_reply(profile, probe)
    return rehearse(
        misreport_prompt(reply, misread_texts(change)) if change else reply,
        probe,
        profile,
    )


def verdict(name, *, raw=None, escaped=None):
    profile = PROFILES[name]
    plain = exchange(profile, PLAIN)
    unusual = [exchange(profile, UNUSUAL, change) for change in (raw, escaped)]
    return verdict_on(unknown_characters_survive, plain, *unusual)


def composed(text):
    return unicodedata.normalize("NFC", text)


def replaced(text):
    return "".join("?" if unicodedata.category(c) == "Cn" else c for c in text)


@pytest.mark.parametrize("name", PROFILES)
def test_unchanged_characters_pass(name):
    assert verdict(name).word == "pass"


@pytest.mark.parametrize("change", [composed, replaced], ids=lambda one: one.__name__)
def test_change_in_both_encodings_is_found_by_exact_counts(change):
    (finding,) = verdict("mistral-2025-10", raw=change, escaped=change).findings

    assert "was altered or counted wrongly" in finding.message
    assert verdict("llamacpp", raw=change, escaped=change).word == "pass"


@pytest.mark.parametrize("name", PROFILES)
def test_change_in_escapes_only_is_found(name):
    (finding,) = verdict(name, escaped=replaced).findings

    assert "read differently when JSON escapes it" in finding.message
    assert r"\u0378" in finding.message


def test_replies_without_usage_are_not_applicable():
    profile = PROFILES["llamacpp"]
    empty = replace(exchange(profile, UNUSUAL), arrivals=())

    assert verdict_on(unknown_characters_survive, empty, empty, empty).word == "skip"
