"""The sentences: one per language, short, and in the right script."""

import unicodedata

import pytest

from contract.checks.combined.sentences import SENTENCES

SCRIPTS = {
    "Greek": "GREEK",
    "Hindi": "DEVANAGARI",
    "Nepali": "DEVANAGARI",
    "Bengali": "BENGALI",
    "Russian": "CYRILLIC",
    "Serbian": "CYRILLIC",
    "Ukrainian": "CYRILLIC",
    "Arabic": "ARABIC",
    "Farsi": "ARABIC",
    "Korean": "HANGUL",
    "Japanese": "KATAKANA",
    "Chinese": "CJK",
}


def test_there_is_one_for_each_language_of_the_model_card():
    assert len(SENTENCES) == 24
    assert len(set(SENTENCES.values())) == 24


@pytest.mark.parametrize("name", SENTENCES)
def test_sentence_is_short_and_in_normal_form(name):
    text = SENTENCES[name]

    assert unicodedata.normalize("NFC", text) == text
    assert 10 < len(text) < 60


@pytest.mark.parametrize("name", SENTENCES)
def test_sentence_is_written_in_the_script_of_its_language(name):
    letters = [c for c in SENTENCES[name] if c.isalpha()]
    names = [unicodedata.name(letter) for letter in letters]
    script = SCRIPTS.get(name, "LATIN")

    assert any(one.startswith(script) for one in names)
    assert script == "LATIN" or not any(one.startswith("LATIN") for one in names)
