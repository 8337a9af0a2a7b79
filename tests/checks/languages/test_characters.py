"""Prompt character checks: characters that filters often change."""

import unicodedata

import pytest
from support.rehearsal import overcharged_exchange

from contract.catalog.profiles import builtin
from contract.checks.languages import characters
from contract.checks.languages.characters import (
    ASTRAL,
    COMPOSED,
    DECOMPOSED,
    EMOJI,
    INVISIBLE,
    MIXED,
    RIGHT_TO_LEFT,
    normal_forms_stay_apart,
)
from contract.tokens import tekken

PROFILES = builtin()


def text(probe):
    return probe.messages[-1].text


@pytest.mark.parametrize(
    ("probe", "categories"),
    [
        (RIGHT_TO_LEFT, {"Mn", "Cf", "Lo"}),
        (EMOJI, {"So", "Sk", "Cf", "Mn", "Me"}),
        (INVISIBLE, {"Cf", "Zl", "Zp", "Cc"}),
        (MIXED, {"Ll", "Lu", "Lo", "No", "Sm"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_text_contains_the_tested_categories(probe, categories):
    assert categories <= {unicodedata.category(c) for c in text(probe)}


def test_every_word_of_the_astral_text_is_beyond_the_bmp():
    assert all(any(ord(c) > 0xFFFF for c in word) for word in text(ASTRAL).split())


@pytest.mark.parametrize(
    "dropped",
    ["\u200d", "\ufe0f", "\u20e3", "\U0001f3fd"],
    ids=["joiner", "selector", "keycap", "tone"],
)
def test_dropping_a_part_of_an_emoji_changes_the_count(dropped):
    whole = text(EMOJI)

    assert tekken.count_text(whole) != tekken.count_text(whole.replace(dropped, ""))


@pytest.mark.parametrize(
    "dropped", sorted(set(text(INVISIBLE)) - set("abcdefghijklmnopqrstuvwxyz "))
)
def test_dropping_an_invisible_character_changes_the_count(dropped):
    whole = text(INVISIBLE)

    assert tekken.count_text(whole) != tekken.count_text(whole.replace(dropped, ""))


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_normalising_changes_at_least_one_count(form):
    counts = [tekken.count_text(text(probe)) for probe in (COMPOSED, DECOMPOSED)]
    changed = [
        tekken.count_text(unicodedata.normalize(form, text(probe)))
        for probe in (COMPOSED, DECOMPOSED)
    ]

    assert counts != changed


@pytest.mark.parametrize(
    ("name", "more", "word"),
    [
        ("vllm-0.32", 0, "pass"),
        ("vllm-0.32", 1, "fail"),
        ("llamacpp", 0, "pass"),
        ("llamacpp", 1, "pass"),
    ],
)
def test_the_difference_must_be_exact_with_tekken(name, more, word):
    exchanges = (
        overcharged_exchange(PROFILES[name], COMPOSED, 0),
        overcharged_exchange(PROFILES[name], DECOMPOSED, more),
    )
    found = list(characters.normal_forms_stay_apart.judge(*exchanges))

    assert word == ("fail" if found else "pass")


def test_equal_counts_are_a_finding_without_tekken():
    profile = PROFILES["llamacpp"]
    composed, decomposed = (
        overcharged_exchange(profile, p, 0) for p in (COMPOSED, DECOMPOSED)
    )
    less = composed.count("prompt_tokens") - decomposed.count("prompt_tokens")

    found = list(
        normal_forms_stay_apart.judge(
            composed, overcharged_exchange(profile, DECOMPOSED, less)
        )
    )

    assert [one.message for one in found] == ["the text was normalised"]
