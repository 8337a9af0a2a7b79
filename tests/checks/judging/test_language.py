"""The language of a text: never a false alarm, and no guess where little is to see."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.checks.combined.sentences import QUESTIONS, SENTENCES
from contract.checks.judging.language import (
    LANGUAGES,
    evidence,
    is_in,
    other_language,
    outweighs,
    stop_words,
)

SCRIPTS = tomllib.loads(
    resources.files("contract.mock_server")
    .joinpath("languages.toml")
    .read_text("utf-8")
)
TEXTS = {
    language: f"{one['reasoning']} {one['answer']}" for language, one in SCRIPTS.items()
}
ENGLISH = TEXTS["English"]
ALIKE = [{"Indonesian", "Malay"}]


def test_the_languages_are_those_of_the_model_card():
    assert set(LANGUAGES) == set(SENTENCES) == set(QUESTIONS) == set(SCRIPTS)
    assert len(LANGUAGES) == 24


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_in_its_own_language(language):
    assert is_in(TEXTS[language], language)
    assert other_language(TEXTS[language], language) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_in_another_language_is_told_and_named(language):
    found = {
        other: other_language(text, language)
        for other, text in TEXTS.items()
        if other != language and {other, language} not in ALIKE
    }

    assert found == {other: other for other in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_single_sentence_is_no_false_alarm(language):
    assert other_language(SENTENCES[language], language) is None
    assert other_language(QUESTIONS[language], language) is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("42", id="number"),
        pytest.param("6 \u00d7 7 = 42, so x = 42.", id="sum"),
        pytest.param(r"\[\frac{a}{b} \cdot \text{the mass of the ice}\]", id="formula"),
        pytest.param("```\nfor the_line in this: is_in(that, and_of)\n```", id="code"),
        pytest.param("H2O, NaCl, CO2, kg/m³, Pa, K", id="units"),
        pytest.param("Paris, Berlin, Moskau, Madrid, Rom, Wien", id="names"),
        pytest.param("?! … 👋🏽 ---- |||", id="symbols"),
        pytest.param("\ud800 \x00 \ufffd", id="broken"),
    ],
)
def test_what_is_in_no_language_is_undecided(language, text):
    assert other_language(text, language) is None


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "English"])
def test_a_text_half_in_english_is_undecided(language):
    assert other_language(f"{ENGLISH} {TEXTS[language]}", language) is None


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "English"])
def test_quoted_words_of_english_are_no_false_alarm(language):
    quoted = f'{TEXTS[language]} "First draft the thinking process."'

    assert is_in(quoted, language)
    assert other_language(quoted, language) is None


def test_serbian_may_be_written_in_latin_letters():
    text = "Led pluta na vodi zato što je lakši od vode. Kada se voda smrzne, širi se."

    assert is_in(text, "Serbian")
    assert other_language(text, "Serbian") is None


def test_the_letters_that_keyboards_confuse_are_one():
    assert evidence("şi aţi spus").words == evidence("și ați spus").words
    assert evidence("İki").words == evidence("iki").words


def test_a_word_of_both_languages_speaks_for_neither():
    shared = " ".join(sorted(stop_words()["Spanish"] & stop_words()["Portuguese"]))

    assert outweighs(evidence(shared), "Spanish", "Portuguese") == 0


def test_another_script_without_known_words_is_named_by_its_letters():
    assert "a language in Cyrillic letters" == other_language(
        "Тбяа кхдра мнлпо врзтш кгфбв мнлдр", "English"
    )


@settings(max_examples=40)
@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_has_a_verdict_and_never_two(text, language):
    other = other_language(text, language)

    assert other is None or (other != language and not is_in(text, language))
