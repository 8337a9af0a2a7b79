"""
Scoring: the final answer in a text, and whether it is the key.

Whole numbers, letters and words are read here, because the rules are short and must
not hang. Expressions are compared by math-verify in a process of its own, which has
limits of time and memory: sympy may take for ever on what a model writes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass

from contract.claims.extra import ensure_installed
from contract.claims.items import Kind
from contract.claims.verdict import Outcome
from contract.model.strict_json import read_json

GRADING = "contract.claims.grading"  # the program
PATIENCE = 60.0  # seconds for one answer, with its start
_MOST = 100_000  # characters from the end of an answer that are read
_NUMBER = r"[-+\N{MINUS SIGN}]?\$?\s*(?:\d{1,3}(?:(?:,|\{,\}|\\,)\d{3})+|\d+)(?:\.0+)?"
# The marker of an answer, and what may stand around it.
_MARKER = re.compile(
    r"(?:final\s+)?answer(?:\s+is)?\s*[:=]?[\s*_`$\"'(\[]*", re.IGNORECASE
)
_LETTER = re.compile(r"\\?(?:text|mathrm|textbf)?\{?\(?([A-Z])\)?\}?(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Score:
    """What was found in an answer."""

    outcome: Outcome
    # The final answer as it was read; empty if there is none.
    found: str = ""


def score(kind: Kind, text: str, key: str) -> Score:
    r"""
    Return what the final answer in *text* is, measured by *key*.

    *text* is the answer without the reasoning. Usage:
    `score(Kind.INTEGER, "So \boxed{7}.", "7").outcome is Outcome.RIGHT`.

    Raises `UsageError` for an expression if math-verify is not installed.
    """
    text = text[-_MOST:]
    if kind is Kind.MATH:
        return _graded(text, key)
    found = {
        Kind.INTEGER: read_integer,
        Kind.CHOICE: read_letter,
        Kind.TEXT: read_words,
    }[kind](text)
    if found is None:
        return Score(Outcome.UNREADABLE)
    same = found == _plain(kind, key)
    return Score(Outcome.RIGHT if same else Outcome.WRONG, found)


def _plain(kind: Kind, key: str) -> str:
    if kind is Kind.INTEGER:
        return str(int(key))
    return key.strip().upper() if kind is Kind.CHOICE else words_of(key)


def boxed(text: str) -> str | None:
    r"""Return what is in the last `\boxed{…}` that is closed; None without one."""
    for place in reversed(
        [found.end() for found in re.finditer(r"\\f?boxed\s*\{", text)]
    ):
        depth = 1
        for end in range(place, min(len(text), place + 10_000)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if not depth:
                return text[place:end].strip()
    return None


def read_integer(text: str) -> str | None:
    """Return the whole number in the last box, else after the last marker, or None."""
    box = boxed(text)
    if box is not None:
        numbers = re.findall(_NUMBER, box)
        return _integer(numbers[-1]) if numbers else None
    marked = [found.end() for found in _MARKER.finditer(text)]
    for place in reversed(marked):
        found = re.match(rf"\s*\$?\s*({_NUMBER})", text[place : place + 200])
        if found:
            return _integer(found[1])
    lines = text.strip().splitlines()
    last = (
        re.findall(rf"(?<![\w.])({_NUMBER})(?![\w]|\.\d)", lines[-1]) if lines else []
    )
    return _integer(last[-1]) if last else None


def _integer(text: str) -> str | None:
    digits = re.sub(r"\.0+$", "", text.replace("\N{MINUS SIGN}", "-"))
    digits = re.sub(r"[^\d-]", "", digits)
    return str(int(digits)) if re.fullmatch(r"-?\d{1,1000}", digits) else None


def read_letter(text: str) -> str | None:
    """Return the letter in the last box, else after the last marker, or None."""
    box = boxed(text)
    if box is not None:
        found = _LETTER.fullmatch(box.strip(" .$"))
        return found[1] if found else None
    for place in reversed([found.end() for found in _MARKER.finditer(text)]):
        found = _LETTER.match(text[place : place + 50])
        if found:
            return found[1]
    lines = text.strip().splitlines()
    alone = re.fullmatch(r"[\s*(\[]*([A-Z])[\s*.)\]]*", lines[-1]) if lines else None
    return alone[1] if alone else None


def read_words(text: str) -> str | None:
    """Return the words of the last box or after the last `ANSWER:`, or None."""
    box = boxed(text)
    if box is not None:
        return words_of(box) or None
    found = re.findall(r"ANSWER\s*:\s*(\S[^\n]*)", text, re.IGNORECASE)
    return (words_of(found[-1]) or None) if found else None


def words_of(text: str) -> str:
    """Return *text* in lower case, as words and numbers only."""
    return " ".join(re.findall(r"\w+(?:\.\d+)?", text.casefold()))


def _graded(text: str, key: str) -> Score:
    """Return the score of an expression; what takes too long cannot be read."""
    ensure_installed("math_verify", "Comparing expressions")
    try:
        done = subprocess.run(  # noqa: S603  # a program of this package
            [sys.executable, "-m", GRADING],
            input=json.dumps({"text": text, "key": key}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Score(Outcome.UNREADABLE)
    value = read_json(done.stdout.encode(errors="surrogatepass"))
    if not isinstance(value, dict) or not value.get("read"):
        return Score(Outcome.UNREADABLE)
    outcome = Outcome.RIGHT if value.get("right") is True else Outcome.WRONG
    return Score(outcome, str(value.get("found", ""))[:200])
