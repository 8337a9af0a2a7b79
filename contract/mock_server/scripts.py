"""Which script answers a prompt: chosen from what the prompt says, never hidden."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from contract.model.chat import (
    Image,
    Json,
    Probe,
)
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
_ASKED = re.compile(
    r"\bwhat(?:'s| is) (?:the|my|our) ([\w' -]{2,40}?)\s*[?.!]", re.IGNORECASE
)
_REPEAT = re.compile(r"\b(?:repeat|say) exactly:\s*(.+)", re.IGNORECASE | re.DOTALL)
_SUM = re.compile(
    r"(?:what(?:'s| is)|how much is|compute|calculate)\s+(-?\d{1,9})\s*"
    rf"({_SIGNS}|plus|minus|times|divided by)\s*(-?\d{{1,9}})",
    re.IGNORECASE,
)
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
    """One thing to say; see the head of `scripts.toml` for the fields."""

    thought: str | None = None
    answer: str | None = None
    again: str = ""
    one_of: tuple[str, ...] = ()
    open: bool = False
    trigger: str = ""
    call: str = ""
    arguments: str = ""
    value: Json = 42  # the answer as a value, for those who ask for JSON


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
    """All scripts of `scripts.toml`, in its order."""
    return {
        name: Script(**{**table, "one_of": tuple(table.get("one_of", ()))})
        for name, table in _file().items()
        if name != "hints"
    }


def choose(probe: Probe) -> Script:
    """What to say to *probe* in words; calling tools is decided elsewhere."""
    text = "\n".join(message.text for message in probe.messages)
    known = scripts()
    asked = next((m.text for m in reversed(probe.messages) if m.role == "user"), "")
    triggered = [s for s in known.values() if s.trigger and s.trigger in text]
    if triggered:
        return triggered[-1]
    if probe.messages and probe.messages[-1].role == "tool":
        return known["result"]
    return (
        _remembered(asked, text)
        or _seen(probe)
        or _repeated(asked)
        or _summed(asked)
        or known["default"]
    )


def _remembered(asked: str, text: str) -> Script | None:
    """A thing that the prompt told: "the code word is plum", asked for later."""
    for question in reversed(_ASKED.findall(asked)):
        told = re.compile(
            rf"\b(?:the|my|our) {re.escape(question)} is:? [\"'“]?([^\s\"'”.,;:!?]+)",
            re.IGNORECASE,
        )
        found = told.findall(text)
        if found:
            return Script(
                thought=f"The {question} was given above: {found[-1]}.",
                answer=f"The {question} is {found[-1]}",
                value=found[-1],
            )
    return None


def _seen(probe: Probe) -> Script | None:
    """How many images there are, and how large."""
    images = [p for m in probe.messages for p in m.parts if isinstance(p, Image)]
    if not images:
        return None
    sizes = [counting.size(image.data) or (0, 0) for image in images]
    shown = ", ".join(f"{width}x{height}" for width, height in sizes)
    script = scripts()["image"]
    answer = script.answer
    if len(images) > 1:
        answer = f"I see {_spelled(len(images))} images"
    return replace(script, answer=f"{answer}: {shown}", value=shown)


def _repeated(asked: str) -> Script | None:
    found = _REPEAT.search(asked)
    if not found:
        return None
    text = found[1].strip()
    return Script(thought="I only have to repeat it.", answer=text, value=text)


def _summed(asked: str) -> Script | None:
    """Two numbers and what connects them; asked 6*7 it is the default script."""
    found = _SUM.search(asked)
    if not found:
        return None
    one, other = int(found[1]), int(found[3])
    operator = found[2].lower()
    operator = _OPERATORS.get(operator, operator)
    result = _result(one, operator, other)
    if result is None:
        return None
    words = f"{_spelled(one)} {operator} {_spelled(other)} makes {_spelled(result)}"
    return Script(
        thought=f"Okay, let me think: {words}.",
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


def _spelled(number: float) -> str:
    """A number up to 999 in words, any other in digits."""
    if number % 1 or not -1_000 < number < 1_000:  # noqa: PLR2004  # three digits
        return f"{number:g}" if number % 1 else str(number)
    count = int(number)
    if count < 0:
        return "minus " + _spelled(-count)
    if count >= 100:  # noqa: PLR2004  # three digits
        hundreds, rest = divmod(count, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {_spelled(rest)}" if rest else "")
    if count >= len(_ONES):
        tens, ones = divmod(count, 10)
        return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    return _ONES[count]


def places(probe: Probe) -> tuple[str, ...]:
    """The places that the last user message names, in order."""
    asked = next((m.text for m in reversed(probe.messages) if m.role == "user"), "")
    return tuple(dict.fromkeys(_PLACE.findall(asked)))


def hints() -> Mapping[str, str]:
    """What members of that name are given when a value must be invented."""
    found: Mapping[str, str] = _file()["hints"]
    return found
