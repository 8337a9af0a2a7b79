"""Texts of any characters, and texts that often cause defects."""

from __future__ import annotations

import unicodedata

from hypothesis import HealthCheck, Phase, find, settings

from contract.strategies.texts import (
    AWKWARD,
    MIXES,
    mixed,
    phrases,
    texts,
    unusual_characters,
)

ANY = settings(
    max_examples=300, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def test_texts_are_mixed_from_one_drawn_text_and_awkward_ones():
    made = {mix: mixed("abcdef", mix, ("X", "Y")) for mix in MIXES}

    assert made["own",] == ("abcdef",)
    assert made["own", "own", "own"] == ("ab", "cd", "ef")
    assert made["odd", "own", "odd"] == ("X", "abcdef", "Y")
    assert mixed("a", ("own", "own"), ("X",)) == ("a", "a")
    assert find(
        phrases(), lambda words: len(words) == 3 and words[2] in AWKWARD, settings=ANY
    )


def test_strange_texts_hold_unassigned_characters():
    def unknown(text):
        return any(unicodedata.category(one) == "Cn" for one in text)

    assert find(unusual_characters(), unknown, settings=ANY)


def test_awkward_texts_are_drawn():
    assert find(texts(), lambda text: text in AWKWARD[4:], settings=ANY)
