"""Characters that are replaced, left out or composed cost other tokens."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.faults.usage import (
    misread_texts,
    misreport_prompt,
)
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    one_token_request,
)
from contract.checks.properties.characters import unknown_characters_survive
from contract.model.reply import rehearse

PROFILES = builtin()
ODD = one_token_request("drawn", "a\u0378e\u0301\ue000 \U000e0fff")


def read(profile, probe, change=None):
    reply = told(profile, probe)
    return rehearse(
        misreport_prompt(reply, misread_texts(change)) if change else reply,
        probe,
        profile,
    )


def verdict(name, *, raw=None, escaped=None):
    profile = PROFILES[name]
    exchanges = [read(profile, PLAIN), *(read(profile, ODD, c) for c in (raw, escaped))]
    return judged(unknown_characters_survive, *exchanges)


def composed(text):
    return unicodedata.normalize("NFC", text)


def replaced(text):
    return "".join("?" if unicodedata.category(c) == "Cn" else c for c in text)


@pytest.mark.parametrize("name", PROFILES)
def test_what_is_read_as_sent_survives(name):
    assert verdict(name).word == "pass"


@pytest.mark.parametrize("change", [composed, replaced], ids=lambda one: one.__name__)
def test_what_is_read_otherwise_in_both_spellings_is_seen_by_its_tokens(change):
    (finding,) = verdict("mistral-2025-10", raw=change, escaped=change).findings

    assert "was not read as it was sent" in finding.message
    assert verdict("llamacpp", raw=change, escaped=change).word == "pass"


@pytest.mark.parametrize("name", PROFILES)
def test_escapes_that_are_read_otherwise_are_a_finding(name):
    (finding,) = verdict(name, escaped=replaced).findings

    assert "read otherwise when JSON escapes it" in finding.message
    assert r"\u0378" in finding.message


def test_answer_without_usage_tells_nothing():
    profile = PROFILES["llamacpp"]
    silent = replace(read(profile, ODD), arrivals=())

    assert judged(unknown_characters_survive, silent, silent, silent).word == "skip"
