"""
How often the language of a reply is identified, and how often wrongly.

The texts are the translations of Django's user interface, which no author of this
package wrote: a thousand for each length, drawn with a fixed seed, in the 24 languages
of Magistral's model card. A wrong "no" would be a false alarm of
`languages.answers-in-the-language`. Run: `pip install django py3langid langdetect`,
then `pytest benchmarks/test_language.py -n 0 -s`, one to two minutes; a library that is
missing is left out.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from contract.checks.judging.language import LANGUAGES, SCRIPTS, other_language
from contract.model.interval import share

CODES = dict(
    zip(
        LANGUAGES,
        (
            *("en", "fr", "de", "el", "hi", "id", "it", "ja", "ko", "ms", "ne", "pl"),
            *("pt", "ro", "ru", "sr", "es", "tr", "uk", "vi", "ar", "bn", "zh_Hans"),
            "fa",
        ),
        strict=True,
    )
)
TEXTS = 42  # of each language and length
LENGTHS = (150, 350)  # characters; a third of it in Chinese, Japanese and Korean
ALIKE = {"Indonesian", "Malay"}
# Replies without a language, or too short for one.
NONE = (
    "42",
    "6 \u00d7 7 = 42",
    "H2O, NaCl, CO2",
    "x = (a + b) / 2, y = 3x",
    "OK",
    "Paris, Berlin, Madrid",
    r"\[ F = m \cdot a \]",
    "1. 17\n2. 23\n3. 42",
)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|<[^>]+>|\{[^}]*\}")
Says = Callable[[str, str], bool]
"""Whether a text is said to be in another language than the one named."""


@pytest.fixture(scope="module")
def texts():
    """Texts of each length by language."""
    django = pytest.importorskip("django", reason="pip install django")
    known = {name: list(_translations(django, CODES[name])) for name in LANGUAGES}
    random = Random(1)  # noqa: S311  # the same in every run

    def draw(language: str, length: int) -> str:
        if SCRIPTS[language] & {"Han", "Kana", "Hangul"}:
            length //= 3
        text = ""
        while len(text) < length:
            text += " " + random.choice(known[language])
        return text

    return {
        length: {name: [draw(name, length) for _ in range(TEXTS)] for name in LANGUAGES}
        for length in LENGTHS
    }


def _translations(django, code: str) -> Iterator[str]:
    """Yield the longer texts in the language *code*; English is what is translated."""
    folder = Path(django.__file__).parent
    own = "fr" if code == "en" else code
    for path in sorted(folder.rglob(f"locale/{own}/LC_MESSAGES/django.po")):
        for entry in path.read_text("utf-8").split("\n\n"):
            if "#~ " in entry or "#, fuzzy" in entry or "msgid_plural" in entry:
                continue
            source, value = (_joined(entry, name) for name in ("msgid", "msgstr"))
            text = _PLACEHOLDER.sub("", source if code == "en" else value)
            if source and value and value != source and len(text) >= 15:
                yield text


def _joined(entry: str, name: str) -> str:
    """Return the text of one keyword in an entry of a file of translations."""
    found = re.search(rf'^{name} ("(?:.*)"(?:\n".*")*)', entry, re.MULTILINE)
    lines = found[1].splitlines() if found else ()
    return "".join(json.loads(line, strict=False) for line in lines)


def _py3langid() -> Says:
    module = importlib.import_module("py3langid")
    module.set_languages([code[:2] for code in CODES.values()])
    return lambda text, language: module.classify(text)[0] != CODES[language][:2]


def _langdetect() -> Says:
    module = importlib.import_module("langdetect")
    module.DetectorFactory.seed = 0

    def says(text: str, language: str) -> bool:
        try:
            return module.detect(text)[:2] != CODES[language][:2]
        except module.LangDetectException:
            return False

    return says


def _ours() -> Says:
    return lambda text, language: other_language(text, language) is not None


@pytest.mark.parametrize("make", [_ours, _py3langid, _langdetect])
def test_the_language_is_told_and_no_other_is_named(make, texts):
    name = make.__name__.strip("_")
    try:
        says = make()
    except ImportError:
        pytest.skip(f"pip install {name}")
    print(f"\n{name}")
    rates = {}
    for length, known in texts.items():
        wrong = [says(t, one) for one in LANGUAGES for t in known[one]]
        english = [
            says(text, one)
            for one in LANGUAGES
            if one != "English"
            for text in known["English"]
        ]
        others = [
            says(text, one)
            for number, one in enumerate(LANGUAGES)
            # Each with four others, which differ from language to language.
            for other in (LANGUAGES[(number + step) % 24] for step in (3, 8, 13, 19))
            if {one, other} != ALIKE
            for text in known[other]
        ]
        for what, found in (
            ("false alarms", wrong),
            ("English found", english),
            ("other languages found", others),
        ):
            rates[what, length] = seen = share(sum(found), len(found))
            print(
                f"  {length} characters, {what}: {sum(found)} of {len(found)}, "
                f"{seen.seen:.2%} ({seen.low:.2%} to {seen.high:.2%})"
            )
    nothing = [says(text, one) for one in LANGUAGES for text in NONE]
    print(f"  in no language, false alarms: {sum(nothing)} of {len(nothing)}")
    if make is _ours:
        assert not any(nothing)
        assert all(rates["false alarms", one].high < 0.01 for one in LENGTHS)
        assert rates["English found", 350].low > 0.9
        assert rates["other languages found", 350].low > 0.9
