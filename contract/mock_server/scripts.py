"""Scripts of the engine, and the choice of one by the prompt alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from contract.model.chat import Image, Json, PieceKind
from contract.model.probe import Probe
from contract.tokens import counting

_OPERATORS = {
    "+": "plus",
    "-": "minus",
    "\N{MINUS SIGN}": "minus",
    "*": "times",
    "x": "times",
    "\N{MULTIPLICATION SIGN}": "times",
    "/": "divided by",
    "\N{DIVISION SIGN}": "divided by",
}
_SIGNS = "|".join(re.escape(sign) for sign in _OPERATORS)
_QUESTION = re.compile(
    r"\bwhat(?:'s| is) (?:the|my|our) ([\w' -]{2,40}?)\s*[?.!]", re.IGNORECASE
)
_LIST = re.compile(
    r"\bwhat are the ([a-z ]{2,40}?)s of the ([a-z]{2,20}?)s\b", re.IGNORECASE
)
_REPEAT = re.compile(r"\b(?:repeat|say) exactly:\s*(.+)", re.IGNORECASE | re.DOTALL)
_OPERATION = re.compile(
    r"(?:what(?:'s| is)|how much is|compute|calculate)\s+(-?\d{1,9})\s*"
    rf"({_SIGNS}|plus|minus|times|divided by)\s*(-?\d{{1,9}})",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\bcount from (\d{1,4}) to (\d{1,4})\b", re.IGNORECASE)
_MOST_NUMBERS = 1_000
_MOST_SUBJECTS = 8  # questions that are looked at, the last ones
_GREETING = re.compile(r"good (?:morning|day|evening)[!.]?", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(?:in|for|at|and)\s+((?:[A-ZÀ-Þ][\w'-]+)(?:\s[A-ZÀ-Þ][\w'-]+)*)"
)
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One scripted output; `scripts.toml` has most of these fields as keys."""

    # Reasoning text; None for a model that does not reason.
    reasoning: str | None = None
    # Answer text; None for none at all.
    answer: str | None = None
    # Text repeated without end: after the answer, or in the reasoning without one.
    loop: str = ""
    # Answers with equal probability, instead of `answer`.
    one_of: tuple[str, ...] = ()
    # Reasoning that resumes in the middle of the answer; empty for none.
    second: str = ""
    # Reasoning and answers in this order, in place of all others.
    parts: tuple[tuple[PieceKind, str], ...] = ()
    # Whether the reasoning is never closed; nothing follows it.
    unclosed: bool = False
    # Word in the conversation that selects the script; empty for none.
    trigger: str = ""
    # Name of the tool called instead of an answer, and its arguments as JSON.
    call: str = ""
    arguments: str = ""
    # The answer as a value, for requests that require JSON.
    value: Json = 42


@cache
def _file() -> Mapping[str, Any]:
    text = (
        resources.files("contract.mock_server")
        .joinpath("scripts.toml")
        .read_text("utf-8")
    )
    return tomllib.loads(text)


@cache
def scripts() -> Mapping[str, Script]:
    """Return all scripts of `scripts.toml` by name, in order."""
    return {
        name: Script(**{**table, "one_of": tuple(table.get("one_of", ()))})
        for name, table in _file().items()
        if name != "hints"
    }


# The last probe and its script: one request is asked about several times.
_last: tuple[Probe | None, Script | None] = (None, None)


def choose(probe: Probe) -> Script:
    """Return the script for a text answer to *probe*; the engine decides on calls."""
    global _last  # noqa: PLW0603  # a cache of one
    known, script = _last
    if known is not probe or script is None:
        script = _chosen(probe)
        _last = (probe, script)
    return script


def _chosen(probe: Probe) -> Script:
    text = "\n".join(message.text for message in probe.messages)
    known = scripts()
    question = _last_user_text(probe)
    triggered = [s for s in known.values() if s.trigger and s.trigger in text]
    if triggered:
        return triggered[-1]
    if probe.messages and probe.messages[-1].role == "tool":
        return known["result"]
    return (
        _recall_all(question, text)
        or _recall(question, text)
        or _describe_images(probe)
        or _in_language(question)
        or _repeat(question)
        or _count(question)
        or _calculate(question)
        or known["default"]
    )


def _last_user_text(probe: Probe) -> str:
    return next((m.text for m in reversed(probe.messages) if m.role == "user"), "")


def _recall(question: str, text: str) -> Script | None:
    """Answer a question about a fact in the prompt, as "the code word is plum"."""
    for subject in reversed(_QUESTION.findall(question)[-_MOST_SUBJECTS:]):
        fact = re.compile(
            rf"\b(?:the|my|our) {re.escape(subject)} is:? [\"'“]?([^\s\"'”.,;:!?]+)",
            re.IGNORECASE,
        )
        values = fact.findall(text)
        if values:
            return Script(
                reasoning=f"The {subject} was given above: {values[-1]}.",
                answer=f"The {subject} is {values[-1]}",
                value=values[-1],
            )
    return None


def _recall_all(question: str, text: str) -> Script | None:
    """Answer a question about several facts, as "the code word of room 7 is plum"."""
    asked = _LIST.search(question)
    if not asked:
        return None
    subject, place = map(re.escape, asked.groups())
    fact = re.compile(
        rf"\bthe {subject} of {place} (\d{{1,4}}) is (\w+)", re.IGNORECASE
    )
    values = {int(number): value for number, value in fact.findall(text)}
    if not values:
        return None
    lines = [f"{number}: {values[number]}" for number in sorted(values)]
    return Script(
        reasoning=f"The {asked[1]}s were given above.",
        answer="\n".join(lines),
        value=[*values.values()],
    )


def _describe_images(probe: Probe) -> Script | None:
    """Answer with the number and the sizes of the images, if there are any."""
    images = [p for m in probe.messages for p in m.parts if isinstance(p, Image)]
    if not images:
        return None
    sizes = [counting.size(image.data) or (0, 0) for image in images]
    listed = ", ".join(f"{width}x{height}" for width, height in sizes)
    script = scripts()["image"]
    answer = script.answer
    if len(images) > 1:
        answer = f"I see {_in_words(len(images))} images"
    return replace(script, answer=f"{answer}: {listed}", value=listed)


def _repeat(question: str) -> Script | None:
    match = _REPEAT.search(question)
    if not match:
        return None
    text = match[1].strip()
    return Script(reasoning="I only have to repeat it.", answer=text, value=text)


def _in_language(question: str) -> Script | None:
    """Answer the question of `languages.toml` that *question* has, in its language."""
    for text, script in _in_languages():
        if text in question:
            return script
    return None


@cache
def _in_languages() -> tuple[tuple[str, Script], ...]:
    """Return the text of each question in `languages.toml`, and its reply."""
    text = resources.files("contract.mock_server").joinpath("languages.toml")
    return tuple(
        (
            one["asks"],
            Script(
                reasoning=one["reasoning"], answer=one["answer"], value=one["answer"]
            ),
        )
        for one in tomllib.loads(text.read_text("utf-8")).values()
    )


def _count(question: str) -> Script | None:
    """Answer with all numbers between two, for answers of any length."""
    match = _COUNT.search(question)
    if not match:
        return None
    first, last = int(match[1]), int(match[2])
    numbers = range(first, min(last + 1, first + _MOST_NUMBERS))
    if not numbers:
        return None
    return Script(
        reasoning="I only have to count.",
        answer=", ".join(map(str, numbers)),
        value=numbers[-1],
    )


def _calculate(question: str) -> Script | None:
    """Answer an operation on two numbers; for 6*7 it is the default script."""
    match = _OPERATION.search(question)
    if not match:
        return None
    one, other = int(match[1]), int(match[3])
    operator = match[2].lower()
    operator = _OPERATORS.get(operator, operator)
    result = _result(one, operator, other)
    if result is None:
        return None
    words = f"{_in_words(one)} {operator} {_in_words(other)} makes {_in_words(result)}"
    return Script(
        reasoning=f"Okay, let me think: {words}.",
        answer=f"The answer is {result:g}" if result % 1 else f"The answer is {result}",
        value=result,
    )


def _result(one: int, operator: str, other: int) -> int | float | None:
    if operator == "plus":
        return one + other
    if operator == "minus":
        return one - other
    if operator == "times":
        return one * other
    if other == 0:
        return None
    return one // other if one % other == 0 else one / other


def _in_words(number: float) -> str:
    """Return a whole number of up to three digits in words, any other in digits."""
    if number % 1 or not -1_000 < number < 1_000:  # noqa: PLR2004  # three digits
        return f"{number:g}" if number % 1 else str(number)
    count = int(number)
    if count < 0:
        return "minus " + _in_words(-count)
    if count >= 100:  # noqa: PLR2004  # three digits
        hundreds, rest = divmod(count, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {_in_words(rest)}" if rest else "")
    if count >= len(_ONES):
        tens, ones = divmod(count, 10)
        return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    return _ONES[count]


def places(probe: Probe) -> tuple[str, ...]:
    """Return the place names in the last user message, in order."""
    return tuple(dict.fromkeys(_PLACE.findall(_last_user_text(probe))))


def is_greeting(probe: Probe) -> bool:
    """Whether the last user message only greets, so that no tool is of use."""
    return bool(_GREETING.fullmatch(_last_user_text(probe).strip()))


def hints() -> Mapping[str, str]:
    """Return the preferred values of JSON members by name, for invented documents."""
    found: Mapping[str, str] = _file()["hints"]
    return found
