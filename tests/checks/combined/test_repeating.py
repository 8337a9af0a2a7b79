"""Tests of the texts that a model is asked to repeat."""

import unicodedata

from contract.checks.combined.repeating import COMPOSED, ORDER, PLAIN_AT_ONCE, repeating


def test_each_form_of_normalisation_alters_the_text():
    for form in ("NFD", "NFKC", "NFKD"):
        assert unicodedata.normalize(form, COMPOSED) != COMPOSED
    assert unicodedata.normalize("NFC", COMPOSED) == COMPOSED


def test_the_requests_differ_in_the_stream_alone():
    whole, streamed = repeating("x", "a text")

    assert whole.messages == streamed.messages
    assert whole.messages[0].text == f"{ORDER}a text"
    assert (whole.stream, streamed.stream) == (False, True)


def test_the_texts_at_once_are_long_enough_for_a_rhythm():
    assert len(PLAIN_AT_ONCE[1].messages[0].text) > 200
