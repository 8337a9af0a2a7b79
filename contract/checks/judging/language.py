"""
The language of a text, by its script and its frequent words.

A check asks whether a text is in one given language, and a wrong "no" is a false alarm.
So the answer is "no" only if the text is clearly in another one: in another script, or
with frequent words of another language and hardly any of its own. Short, mixed and
mathematical texts are undecided. Libraries that identify languages (py3langid, lingua,
langdetect) always name one, also of a formula or of three words.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

# The languages of Magistral's model card, and the scripts that each is written in.
SCRIPTS: Mapping[str, frozenset[str]] = {
    name: frozenset(scripts.split())
    for name, scripts in {
        "English": "Latin",
        "French": "Latin",
        "German": "Latin",
        "Greek": "Greek",
        "Hindi": "Devanagari",
        "Indonesian": "Latin",
        "Italian": "Latin",
        "Japanese": "Kana Han",
        "Korean": "Hangul",
        "Malay": "Latin",
        "Nepali": "Devanagari",
        "Polish": "Latin",
        "Portuguese": "Latin",
        "Romanian": "Latin",
        "Russian": "Cyrillic",
        "Serbian": "Cyrillic Latin",
        "Spanish": "Latin",
        "Turkish": "Latin",
        "Ukrainian": "Cyrillic",
        "Vietnamese": "Latin",
        "Arabic": "Arabic",
        "Bengali": "Bengali",
        "Chinese": "Han Kana",  # quoted names may have kana
        "Farsi": "Arabic",
    }.items()
}
LANGUAGES = tuple(SCRIPTS)
# Written alike: which of the two a text is in is never decided.
_ALIKE = frozenset({frozenset({"Indonesian", "Malay"})})
_RANGES = (
    ("Latin", "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"),
    ("Greek", "\u0370-\u03ff\u1f00-\u1fff"),
    ("Cyrillic", "\u0400-\u052f"),
    ("Arabic", "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ef\u06fa-\u06ff\ufb50-\ufdff"),
    ("Devanagari", "\u0900-\u0963\u0971-\u097f"),
    ("Bengali", "\u0980-\u09e3\u09f0-\u09ff"),
    ("Kana", "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"),
    ("Han", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"),
    ("Hangul", "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"),
)
_LETTERS = {script: re.compile(f"[{letters}]") for script, letters in _RANGES}
# A run of letters and marks; the joiner is part of words in Farsi.
_WORD = re.compile(
    f"[{''.join(letters for _, letters in _RANGES)}\u0300-\u036f\u200c]+"
    "(?:['\u2019][a-z\u00e0-\u00ff]+)?"
)
# Letters that not all languages of a script have; a word with one that a language does
# not have is no word of it, except for names.
_ALPHABETS: Mapping[str, frozenset[str]] = {
    name: frozenset(letters)
    for name, letters in {
        "French": "àâæçéèêëîïôœùûüÿ",
        "German": "äöüß",
        "Indonesian": "é",
        "Italian": "àèéìîòóù",
        "Malay": "é",
        "Polish": "ąćęłńóśźż",
        "Portuguese": "áâãàçéêíóôõúü",
        "Romanian": "ăâîșț",
        "Spanish": "áéíñóúü",
        "Turkish": "âçğıîöșûü",
        "Vietnamese": "àáâãèéêìíòóôõùúýăđĩũơư"
        + "".join(map(chr, range(0x1EA0, 0x1EFA))),
        "Russian": "йщъыьэюяё",
        "Ukrainian": "йщьюяєіїґ",
        "Serbian": "ђјљњћџčćđšž",
        "Arabic": "أإة",
        "Farsi": "پچژگ",
    }.items()
}
_NO_LETTERS: frozenset[str] = frozenset()
# Code, formulas and addresses are in no language.
_FOREIGN = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|\\\[.*?\\\]|\\\(.*?\\\)"
    r"|\\[A-Za-z]+|https?://\S+",
    re.DOTALL,
)
# One spelling for letters that keyboards confuse: Romanian ş, Arabic yeh and kaf.
_SAME = str.maketrans("şţيىك\u2019İ", "șțییک'i")

# One character of these is worth as much text as two letters.
_WEIGHTS = {"Kana": 2, "Han": 2, "Hangul": 2}
# Letters in a script from which a text is said to be in that script.
_ENOUGH_LETTERS = 20
# Shares of the letters of a text.
_MOST, _HARDLY = 0.7, 0.15
_KANA = 0.1  # of the characters of a Japanese text, at least
# Frequent words, in all and different ones, from which another language is named, and
# how many of them outweigh one of the language that is asked about.
_ENOUGH_WORDS, _ENOUGH_DIFFERENT, _OUTWEIGH = 6, 4, 6
_REPEATED = 2
_FREQUENT = 0.12  # share of all words that are frequent ones, in any language


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a text shows of its language."""

    # Letters by script; characters of Chinese, Japanese and Korean count double.
    letters: Mapping[str, int]
    # Words in lower case, with their number.
    words: Mapping[str, int]

    @property
    def total(self) -> int:
        """The number of letters."""
        return sum(self.letters.values())


def evidence(text: str) -> Evidence:
    """Return what *text* shows, without its code, formulas and addresses."""
    plain = unicodedata.normalize("NFC", _FOREIGN.sub(" ", text))
    letters = {
        script: len(found.findall(plain)) * _WEIGHTS.get(script, 1)
        for script, found in _LETTERS.items()
    }
    words = Counter(_WORD.findall(plain.translate(_SAME).casefold()))
    return Evidence({s: n for s, n in letters.items() if n}, words)


def other_language(text: str, language: str) -> str | None:
    """
    Return the language that *text* is clearly in, if that is not *language*.

    None if it is in *language*, and if that is undecided. *language* is one of
    `LANGUAGES`; the name returned is one too, or that of a script.

    Usage: `other_language("The answer is that it floats on the sea.", "French")`.
    """
    seen = evidence(text)
    if seen.total < _ENOUGH_LETTERS:
        return None
    own = sum(seen.letters.get(script, 0) for script in SCRIPTS[language])
    if own < _HARDLY * seen.total:
        return _by_script(seen)
    if own < _MOST * seen.total:
        return None
    if language in {"Japanese", "Chinese"}:
        return _of_characters(seen, language)
    found = [
        (outweighs(seen, other, language), other)
        for other in stop_words()
        if other != language and frozenset({other, language}) not in _ALIKE
    ]
    votes, other = max(found, default=(0, ""))
    return other if votes else None


def is_in(text: str, language: str) -> bool:
    """
    Return whether *text* is clearly in *language*, or in one that is written alike.

    Both this and `other_language` are negative for a text that is undecided.
    """
    seen = evidence(text)
    own = sum(seen.letters.get(script, 0) for script in SCRIPTS[language])
    if own < _ENOUGH_LETTERS or own < _MOST * seen.total:
        return False
    if other_language(text, language):
        return False
    known = stop_words().get(language)
    if known is None:
        kana = seen.letters.get("Kana", 0)
        return language != "Japanese" or kana >= _KANA * own
    return sum(seen.words[word] for word in seen.words.keys() & known) >= 3  # noqa: PLR2004  # words


def outweighs(seen: Evidence, other: str, language: str) -> int:
    """
    Return the words of *other* in a text if they outweigh those of *language*; else 0.

    Only words are counted that are frequent in one of the two and not in the other, or
    that have a letter which the other does not have.
    """
    different = _only_in(seen, other, language)
    votes = sum(seen.words[word] for word in different)
    # One word, however often it is repeated, may be frequent in any language.
    own = _only_in(seen, language, other)
    against = sum(min(seen.words[word], _REPEATED) for word in own)
    clear = (
        votes >= _ENOUGH_WORDS
        and len(different) >= _ENOUGH_DIFFERENT
        and votes >= _OUTWEIGH * against
        and votes >= _FREQUENT * sum(seen.words.values())
    )
    return votes if clear else 0


def _only_in(seen: Evidence, one: str, other: str) -> frozenset[str]:
    """Return the words that speak for *one* and not for *other*."""
    known = stop_words()
    frequent = known.get(one, frozenset()) - known.get(other, frozenset())
    letters = _ALPHABETS.get(one, _NO_LETTERS) - _ALPHABETS.get(other, _NO_LETTERS)
    return frozenset(
        word for word in seen.words if word in frequent or not letters.isdisjoint(word)
    )


def _of_characters(seen: Evidence, language: str) -> str | None:
    """Distinguish Chinese from Japanese: only the latter has kana."""
    kana, han = seen.letters.get("Kana", 0), seen.letters.get("Han", 0)
    if language == "Chinese" and kana >= 2 * _KANA * (kana + han):
        return "Japanese"
    if language == "Japanese" and kana == 0 and han >= _ENOUGH_LETTERS:
        return "Chinese"
    return None


def _by_script(seen: Evidence) -> str | None:
    """Return the language, or at least the script, of a text in one script."""
    script, number = max(seen.letters.items(), key=lambda entry: entry[1])
    if script in {"Kana", "Han"}:
        number = seen.letters.get("Kana", 0) + seen.letters.get("Han", 0)
    if number < _ENOUGH_LETTERS or number < _MOST * seen.total:
        return None
    if script in {"Kana", "Han"}:
        kana = seen.letters.get("Kana", 0) >= _KANA * number
        return "Japanese" if kana else "Chinese"
    return _most_frequent(seen, script)


def _most_frequent(seen: Evidence, script: str) -> str | None:
    """
    Return the language in *script* with the most frequent words.

    None for Latin letters without several frequent words of one language: names,
    units and quotations are written in them in any language, and so are
    transliterations.
    """
    in_script = [name for name, scripts in SCRIPTS.items() if script in scripts]
    if len(in_script) == 1:
        return in_script[0]
    found = {name: seen.words.keys() & stop_words()[name] for name in in_script}
    votes = {name: sum(map(seen.words.__getitem__, found[name])) for name in found}
    if script == "Latin":
        least = max(_ENOUGH_DIFFERENT, _FREQUENT * sum(seen.words.values()))
        in_script = [
            name
            for name in in_script
            if len(found[name]) >= _ENOUGH_DIFFERENT and votes[name] >= least
        ]
        if not in_script:
            return None
    special = frozenset().union(*(_ALPHABETS.get(n, _NO_LETTERS) for n in in_script))
    for name in in_script:
        strange = special - _ALPHABETS.get(name, _NO_LETTERS)
        votes[name] -= sum(n for w, n in seen.words.items() if strange & set(w))
    best = max(in_script, key=lambda name: votes[name])
    return best if votes[best] > 0 else f"a language in {script} letters"


@cache
def stop_words() -> Mapping[str, frozenset[str]]:
    """Return the frequent words of each language that shares its script."""
    text = resources.files("contract.checks.judging").joinpath("stop_words.toml")
    listed = tomllib.loads(text.read_text("utf-8"))
    return {
        name: frozenset(_listed(words.translate(_SAME)))
        for name, words in listed.items()
    }


def _listed(words: str) -> Iterator[str]:
    for word in words.casefold().split():
        yield unicodedata.normalize("NFC", word)
