"""Separation of failing from sound replies by the features of their requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from contract.model.features import FEATURES, WORDS

Features = frozenset[str]
# A feature that a request must have (True) or must not have (False).
Literal = tuple[str, bool]
# A rule that still holds of more sound replies than this share explains nothing.
MOST_SOUND = 0.5


def describe(broken: Sequence[Features], sound: Sequence[Features]) -> str:
    """
    Return in words which of the *sound* and *broken* replies are the broken ones.

    Each reply is given by the features of its request; *broken* is not empty. Usage::

        >>> tools, plain = frozenset({"tools"}), frozenset()
        >>> describe([tools, tools], [plain, plain])
        'all with tools'
        >>> describe([tools], [tools, plain, plain, plain])
        '1 of the 2 with tools'
        >>> describe([plain] * 2, [plain] * 2)
        'about one in 2, whatever the request'
        >>> describe([plain], [plain])
        'too few to say which'
    """
    if not sound:
        return "all of them"
    best: tuple[int, tuple[Literal, ...]] | None = None
    for rule in _rules(broken):
        excused = sum(_holds(rule, features) for features in sound)
        # What a request lacks explains a failure only if it explains all of it.
        partial = excused and not all(_is_telling(literal) for literal in rule)
        if not partial and (best is None or excused < best[0]):
            best = (excused, rule)
        if not excused:
            break
    if best is None or best[0] > MOST_SOUND * len(sound):
        return _frequency(len(broken), len(broken) + len(sound))
    excused, rule = best
    words = ", ".join(WORDS[name][0 if present else 1] for name, present in rule)
    if not excused:
        return f"all {words}"
    return f"{len(broken)} of the {len(broken) + excused} {words}"


def _frequency(broken: int, judged: int) -> str:
    """Return how many are broken, as no feature of the requests says which."""
    if broken == 1:
        return "too few to say which"
    every = round(judged / broken)
    if every == 1:
        return "most, whatever the request"
    return f"about one in {every}, whatever the request"


def _rules(broken: Sequence[Features]) -> Iterator[tuple[Literal, ...]]:
    """Yield the rules that hold of all *broken*: one literal, then two, then three."""
    common = [(name, True) for name in FEATURES if all(name in one for one in broken)]
    common += [
        (name, False) for name in FEATURES if not any(name in one for one in broken)
    ]
    for size in (1, 2, 3):
        yield from combinations(common, size)


def _is_telling(literal: Literal) -> bool:
    name, present = literal
    return present or name == "streamed"


def _holds(rule: tuple[Literal, ...], features: Features) -> bool:
    return all((name in features) is present for name, present in rule)
