"""
Whether all values that one schema allows are allowed by another, and if not, why.

What cannot be proven is reported as a gap: a pattern, for example, is compared as a
text. So the absence of gaps is a proof, and a gap may be a false alarm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from contract.openapi_diff.atoms import (
    FRACTION,
    SCALAR,
    Atom,
    Atoms,
    mapping,
    type_of,
)
from contract.openapi_diff.document import MISSING, Ref
from contract.openapi_diff.shapes import ANNOTATIONS, Shapes
from contract.schema.validate import mismatch

MOST_STEPS = 50_000  # comparisons; documents of engines take up to 8,000
# Listed values that are looked at one by one; more are divided as sets.
MOST_SINGLE = 64
_DEEPEST = 48  # schemas within each other
_CANDIDATES = 20  # gaps of an alternative that are counted to find the nearest one
_LONGEST = 60  # characters of a value within a sentence
_CLOSE = 4  # levels of properties that are looked at to tell two objects apart
_MOST_TAGS = 16  # values of a property by which an object is divided
_NUMBERS = frozenset({"integer", FRACTION})
# Keyword -> the types that it restricts, what it is called, and whether it is a
# maximum. A value that breaks one of them is beyond the bound.
BOUNDS = {
    "minLength": ({"string"}, "the minimum length", False),
    "maxLength": ({"string"}, "the maximum length", True),
    "minItems": ({"array"}, "the minimum number of items", False),
    "maxItems": ({"array"}, "the maximum number of items", True),
    "minProperties": ({"object"}, "the minimum number of properties", False),
    "maxProperties": ({"object"}, "the maximum number of properties", True),
}
# Keyword -> the types that it restricts. Its values are compared as texts.
_TEXTS = {
    "pattern": {"string"},
    "format": {"string", *_NUMBERS},
    "multipleOf": _NUMBERS,
    "uniqueItems": {"array"},
    "contains": {"array"},
    "minContains": {"array"},
    "maxContains": {"array"},
    "unevaluatedItems": {"array"},
    "propertyNames": {"object"},
    "dependentRequired": {"object"},
    "dependentSchemas": {"object"},
    "unevaluatedProperties": {"object"},
}


# Values of such keywords that restrict nothing, where these are not `true` and `{}`.
_NO_RESTRICTION: dict[str, tuple[Any, ...]] = {
    "uniqueItems": (False,),
    "minContains": (0, 1),
}
Nested = Callable[[Any, Any, tuple[str, ...]], "Iterator[Gap]"]


class TooLarge(Exception):  # noqa: N818  # a state of affairs, not an error
    """Raised when two schemas take too many steps to compare."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Values that the one schema allows and the other does not."""

    # Where they are: names of properties, `[]` for items, `{}` for other properties.
    place: tuple[str, ...]
    # What differs: a keyword, or one of `new`, `gone`, `values`.
    what: str
    # How it is on the side that allows more, and on the other; of `values`, which.
    here: str = ""
    there: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """
    How properties count that only one of the two documents describes.

    Where an object is open, a document makes no promise about a property that it does
    not describe: to describe it is no restriction, and to stop describing it is one.
    """

    # Whether the schema that allows more is the older one.
    old_first: bool = True
    # Whether gaps break a client; otherwise they are news.
    breaking: bool = True
    # Whether only the allowed values count, without the rule above.
    strict: bool = False


class Comparer:
    """
    Compares schemas under the same rules, with a memory and a bound.

    Usage: `list(Comparer(Rules()).gaps(old, new))` is empty if all that *old* allows
    is allowed by *new*.
    """

    def __init__(
        self,
        rules: Rules,
        shapes: Shapes | None = None,
        atoms: Atoms | None = None,
        *,
        most: int = MOST_STEPS,
    ) -> None:
        """
        *shapes* and *atoms* are shared between comparers of the same documents.

        *most* is the number of steps after which it gives up.
        """
        self._rules = rules
        self._most = most
        self._shapes = shapes or Shapes()
        self._atoms = atoms or Atoms()
        self._strict = (
            self
            if rules.strict
            else Comparer(Rules(strict=True), self._shapes, self._atoms, most=most)
        )
        # By the ids of two schemas; the schemas are kept, so that the ids stay theirs.
        self._proven: dict[tuple[int, int], bool] = {}
        self._successes: list[tuple[int, int]] = []
        self._kept: list[Any] = []
        self._explained: set[tuple[int, int]] = set()
        self._depth = 0
        self.steps = 0

    def gaps(self, one: Any, other: Any, place: tuple[str, ...] = ()) -> Iterator[Gap]:
        """
        Yield what *one* allows and *other* does not; each pair is reported once.

        Raises `TooLarge` if that takes too many steps.
        """
        if self.proves(one, other):
            return
        key = (id(_bare(one)), id(_bare(other)))
        if key in self._explained:
            return
        self._step()
        self._explained.add(key)
        self._kept.append((one, other))
        if len(place) > _DEEPEST:
            yield Gap(place, "depth")
            return
        atoms = self._atoms.of(one)
        labels = [self._label(a) if "object" in a.types else None for a in atoms]
        several = len({label for label in labels if label is not None}) > 1
        for atom, label in zip(atoms, labels, strict=True):
            within = (*place, f"<{label}>") if several and label else place
            yield from self._atom_gaps(atom, other, within, self.gaps)

    def proves(self, one: Any, other: Any) -> bool:
        """
        Return whether *other* is proven to allow all that *one* allows.

        A pair that is being compared is assumed to be proven, which is sound for
        finite values; what was proven by it is forgotten if it turns out wrong.
        """
        if other is True or other == {} or self._equal(one, other):
            return True
        key = (id(_bare(one)), id(_bare(other)))
        if key in self._proven:
            return self._proven[key]
        self._step()
        if self._depth > _DEEPEST:
            return False
        mark = len(self._successes)
        self._proven[key] = True
        self._kept.append((one, other))
        self._depth += 1
        try:
            proven = all(
                next(self._atom_gaps(atom, other, (), self._unproven), None) is None
                for atom in self._atoms.of(one)
            )
        finally:
            self._depth -= 1
        if proven:
            self._successes.append(key)
        else:
            self._proven[key] = False
            for assumed in self._successes[mark:]:
                self._proven.pop(assumed, None)
            del self._successes[mark:]
        return proven

    @property
    def spent(self) -> int:
        """The steps so far, with those of the strict comparisons inside."""
        return self.steps + (0 if self._strict is self else self._strict.steps)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self._most:
            raise TooLarge

    def _unproven(
        self, one: Any, other: Any, place: tuple[str, ...] = ()
    ) -> Iterator[Gap]:
        if not self.proves(one, other):
            yield Gap(place, "unproven")

    def _equal(self, one: Any, other: Any) -> bool:
        if isinstance(one, Atom):
            return False
        return self._shapes.equal(one, other)

    def disjoint(self, one: Any, other: Any, depth: int = 0) -> bool:
        """Return whether two schemas are proven to have no value in common."""
        self._step()
        return all(
            self._apart(mine, its, depth)
            for mine in self._atoms.of(one)
            for its in self._atoms.of(other)
        )

    def _apart(self, one: Atom, other: Atom, depth: int) -> bool:
        common = one.types & other.types
        if not common or self._excludes(one, other) or self._excludes(other, one):
            return True
        for values, opposite in ((one.values, other), (other.values, one)):
            if values is not None and not any(_admits(opposite, v) for v in values):
                return True
        if common != {"object"} or depth >= _CLOSE:
            return False
        return any(
            self.disjoint(one.member(name), other.member(name), depth + 1)
            for name in sorted(one.required | other.required)
        )

    def _excludes(self, one: Atom, other: Atom) -> bool:
        """Return whether a `not` of *one* excludes all of *other*."""
        return any(self._strict.proves(other, excluded) for excluded in one.all("not"))

    def _atom_gaps(
        self, atom: Atom, other: Any, place: tuple[str, ...], nested: Nested
    ) -> Iterator[Gap]:
        """Yield what *atom* allows and *other* does not; *nested* compares parts."""
        targets = self._atoms.of(other)
        if any(target.loose for target in targets):
            yield Gap(place, "depth")
            return
        yield from self._choice(atom, targets, place, nested)

    def _choice(
        self,
        atom: Atom,
        targets: Sequence[Atom],
        place: tuple[str, ...],
        nested: Nested,
    ) -> Iterator[Gap]:
        """Yield the parts of *atom* that none of the *targets* allows."""
        targets = [t for t in targets if t.types & atom.types]
        for target in targets:
            if next(self._into(atom, target, place, self._unproven), None) is None:
                return
        if unresolved := [str(r) for t in targets for r in t.all("$ref")]:
            yield Gap(place, "$ref", "anything", unresolved[0])
            return
        if len(atom.values or ()) > MOST_SINGLE:
            atom, exact = _unlisted(atom, targets)
            if exact and atom.values:
                yield Gap(place, "values", _listing(atom.values))
            if exact or not atom.values:
                return
        yield from self._parts(atom, targets, place, nested)

    def _parts(
        self,
        atom: Atom,
        targets: Sequence[Atom],
        place: tuple[str, ...],
        nested: Nested,
    ) -> Iterator[Gap]:
        """Yield what *targets* do not allow of *atom*, which none of them allows."""
        parts = atom.split()
        if len(parts) == 1:
            parts = self._by_tag(atom, targets)
        if len(parts) == 1:
            yield from self._nearest(atom, targets, place, nested)
            return
        lost: list[Atom] = []
        for part in parts:
            for gap in self._choice(part, targets, place, nested):
                if gap == Gap(place, "values", phrase(part)):
                    lost.append(part)
                else:
                    yield gap
        if lost:
            yield Gap(place, "values", _phrases(lost))

    def _nearest(
        self,
        atom: Atom,
        targets: Sequence[Atom],
        place: tuple[str, ...],
        nested: Nested,
    ) -> Iterator[Gap]:
        """Yield what keeps *atom* from being allowed by the nearest of *targets*."""
        candidates = [t for t in targets if not self._apart(atom, t, 0)]
        candidates = candidates or list(targets if len(targets) == 1 else ())
        if not candidates or nested == self._unproven:
            yield Gap(place, "values", phrase(atom))
            return
        if len(candidates) == 1:
            yield from self._into(atom, candidates[0], place, nested)
            return
        explanations = []
        for target in candidates:
            before = set(self._explained)
            found = islice(self._into(atom, target, place, nested), _CANDIDATES)
            explanations.append(list(found))
            self._explained = before
        yield from min(explanations, key=len)

    def _label(self, atom: Atom) -> str:
        """Return what tells an object from its alternatives: a tag, or its name."""
        for name in sorted(atom.required):
            tags = self._tags(atom, name)
            if len(tags) == 1 and isinstance(tags[0], str):
                return f"{name}={tags[0]}"
        return atom.name

    def _by_tag(self, atom: Atom, targets: Sequence[Atom]) -> list[Atom]:
        """Return *atom* divided by a property that tells the *targets* apart."""
        for name in sorted(atom.required) if atom.types == {"object"} else ():
            tags = self._tags(atom, name)
            if 1 < len(tags) <= _MOST_TAGS and any(
                self._tags(target, name) for target in targets
            ):
                return [
                    atom.narrowed(atom.types, {"properties": {name: {"enum": [tag]}}})
                    for tag in tags
                ]
        return [atom]

    def _tags(self, atom: Atom, name: str) -> list[Any]:
        """Return the values that the property *name* may have, if they are listed."""
        found: list[Any] = []
        for one in self._atoms.of(atom.member(name)):
            if one.values is None:
                return []
            found += one.values
        return found

    def _into(
        self, atom: Atom, target: Atom, place: tuple[str, ...], nested: Nested
    ) -> Iterator[Gap]:
        """Yield what *atom* allows and *target* does not."""
        self._step()
        kept = atom.types & target.types
        if kept != atom.types:
            yield Gap(place, "values", phrase(atom.narrowed(atom.types - kept)))
            atom = atom.narrowed(kept)
        if atom.is_empty:
            return
        known = set(map(str, atom.all("$ref")))
        for reference in set(map(str, target.all("$ref"))) - known:
            yield Gap(place, "$ref", "anything", reference)
        for excluded in target.all("not"):
            if not self.disjoint(atom, excluded):
                yield Gap(place, "not", "none", _short(excluded))
        if target.values is not None:
            yield from _value_gaps(atom, target, place)
        if _is_listed(atom):
            lost = [v for v in atom.values or () if not _admits(target, v)]
            if lost and target.values is None:
                yield Gap(place, "values", _listing(lost))
            return
        yield from self._content_gaps(atom, target, place, nested)

    def _content_gaps(
        self, atom: Atom, target: Atom, place: tuple[str, ...], nested: Nested
    ) -> Iterator[Gap]:
        """Yield what the keywords of single types do not allow."""
        yield from _size_gaps(atom, target, place)
        yield from _number_gaps(atom, target, place)
        yield from self._text_gaps(atom, target, place)
        if "array" in atom.types:
            for index in range(max(atom.prefix, target.prefix)):
                there = (*place, f"[{index}]")
                yield from nested(atom.item(index), target.item(index), there)
            rest = max(atom.prefix, target.prefix)
            yield from nested(atom.item(rest), target.item(rest), (*place, "[]"))
        if "object" in atom.types:
            for name in sorted(target.required - atom.required):
                here, there_ = (
                    "described" if name in one.described else "undescribed"
                    for one in (atom, target)
                )
                yield Gap((*place, name), "required", here, there_)
            for name in dict.fromkeys((*target.described, *atom.described)):
                yield from self._property_gaps(atom, target, name, place, nested)
            yield from self._other_gaps(atom, target, place, nested)

    def _text_gaps(
        self, atom: Atom, target: Atom, place: tuple[str, ...]
    ) -> Iterator[Gap]:
        """Yield gaps of keywords whose values are compared as texts."""
        for keyword, types in _TEXTS.items():
            if not atom.types & types:
                continue
            known = list(atom.all(keyword))
            if keyword == "contains":
                least = [list(one.all("minContains")) for one in (atom, target)]
                known = known if least[0] == least[1] else []
            for wanted in target.all(keyword):
                if wanted in _NO_RESTRICTION.get(keyword, (True, {})):
                    continue
                probe = {keyword: wanted}
                if any(self._shapes.equal({keyword: one}, probe) for one in known):
                    continue
                if keyword == "multipleOf" and any(_divides(wanted, k) for k in known):
                    continue
                here = _spelled(known[0]) if known else "none"
                yield Gap(place, keyword, here, _spelled(wanted))

    def _property_gaps(
        self,
        atom: Atom,
        target: Atom,
        name: str,
        place: tuple[str, ...],
        nested: Nested,
    ) -> Iterator[Gap]:
        """Yield the gaps of one property that either of both describes."""
        self._step()
        own, wanted, within = atom.member(name), target.member(name), (*place, name)
        here, there = name in atom.described, name in target.described
        rules = self._rules
        if not rules.strict and here != there:
            # What one document describes is gone from the new one, or new in it.
            word = "gone" if rules.breaking else "new"
            counts = here == (rules.breaking == rules.old_first)
            if here and _is_open(wanted):
                if counts:
                    yield Gap(within, word)
                return
            if here and not self._atoms.of(wanted):
                if self._atoms.of(own):
                    yield Gap(within, "gone" if rules.old_first else "new")
                return
            if there and (_is_open(own) or not self._atoms.of(own)):
                if counts:
                    yield Gap(within, word)
                return
        yield from nested(own, wanted, within)

    def _other_gaps(
        self, atom: Atom, target: Atom, place: tuple[str, ...], nested: Nested
    ) -> Iterator[Gap]:
        """Yield the gaps of properties that neither of both describes."""
        others = atom.others
        for conjunct in target.conjuncts:
            rest = conjunct.get("additionalProperties", True)
            patterns = mapping(conjunct, "patternProperties")
            for pattern, wanted in patterns.items():
                maps = [mapping(c, "patternProperties") for c in atom.conjuncts]
                same = [m[pattern] for m in maps if pattern in m]
                if not any(self.proves(one, wanted) for one in same):
                    yield from nested(others, wanted, (*place, "{}"))
            if rest is not False:
                yield from nested(others, rest, (*place, "{}"))
            elif self._atoms.of(others) and not _is_covered(atom, patterns):
                yield Gap(place, "additionalProperties")


def _bare(schema: Any) -> Any:
    """Return what a schema refers to that is nothing but a reference."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, dict) or schema.keys() - ANNOTATIONS != {"$ref"}:
            break
        reference = schema["$ref"]
        target = reference.target() if isinstance(reference, Ref) else MISSING
        if target is MISSING:
            break
        schema = target
    return schema


def _is_covered(atom: Atom, patterns: dict[str, Any]) -> bool:
    """Return whether what *atom* does not describe matches one of *patterns*."""
    return any(
        conjunct.get("additionalProperties") is False
        and mapping(conjunct, "patternProperties").keys() <= patterns.keys()
        for conjunct in atom.conjuncts
    )


def _is_listed(atom: Atom) -> bool:
    """Return whether *atom* is a list of scalars."""
    values = atom.values
    return values is not None and not any(isinstance(v, dict | list) for v in values)


def _is_open(schema: Any) -> bool:
    return schema is True or schema == {}


def _admits(atom: Atom, value: Any) -> bool:
    """Return whether *atom* may allow *value*; in doubt it does."""
    if type_of(value) not in atom.types:
        return False
    if atom.values is not None:
        return atom.lists(value)
    return not any(
        mismatch(scalars, value)
        for conjunct in atom.conjuncts
        if (scalars := {k: v for k, v in conjunct.items() if k in SCALAR})
    )


def _value_gaps(atom: Atom, target: Atom, place: tuple[str, ...]) -> Iterator[Gap]:
    """Yield what the listed values of *target* do not allow."""
    if atom.values is None:
        yield Gap(place, "enum", "not listed", _listing(target.values or []))
        return
    lost = [value for value in atom.values if not target.lists(value)]
    if lost:
        yield Gap(place, "values", _listing(lost))


def _unlisted(atom: Atom, targets: Sequence[Atom]) -> tuple[Atom, bool]:
    """
    Return the part of the listed values of *atom* that no list of *targets* has.

    The second value is whether that is all that the targets say: each is a list.
    """
    lists = [
        target
        for target in targets
        if target.values is not None
        and not any(True for keyword in ("not", "$ref") for _ in target.all(keyword))
    ]
    lost = [v for v in atom.values or () if not any(t.lists(v) for t in lists)]
    return atom.of_values(lost), len(lists) == len(targets)


def _size_gaps(atom: Atom, target: Atom, place: tuple[str, ...]) -> Iterator[Gap]:
    """Yield the gaps of lengths and numbers of parts."""
    for keyword, (types, _, is_maximum) in BOUNDS.items():
        choose = min if is_maximum else max
        wanted, own = target.bound(keyword, choose), atom.bound(keyword, choose)
        if wanted is None or not atom.types & types:
            continue
        if keyword == "minProperties":
            own = max(own or 0, len(atom.required))
        if is_maximum and (own is None or own > wanted):
            yield Gap(place, keyword, "none" if own is None else f"{own}", f"{wanted}")
        elif not is_maximum and (own or 0) < wanted:
            yield Gap(place, keyword, f"{own or 'none'}", f"{wanted}")


def _number_gaps(atom: Atom, target: Atom, place: tuple[str, ...]) -> Iterator[Gap]:
    """Yield the gaps of the least and the greatest number."""
    numbers = atom.types & _NUMBERS
    for keyword, sign in (("minimum", 1), ("maximum", -1)) if numbers else ():
        mine, its = _limit(atom, keyword, sign), _limit(target, keyword, sign)
        if numbers == {"integer"}:
            mine, its = mine and _whole(mine), its and _whole(its)
        if its is not None and (mine is None or mine < its):
            yield Gap(place, keyword, _edge(mine, sign), _edge(its, sign))


_Edge = tuple[Fraction, bool]


def _limit(atom: Atom, keyword: str, sign: int) -> _Edge | None:
    """
    Return the tightest bound and whether it is exclusive; a greater one is tighter.

    An upper bound is turned around by *sign*, -1.
    """
    exclusive = f"exclusive{keyword.capitalize()}"
    choose = max if sign > 0 else min
    found: list[_Edge] = []
    for name, is_exclusive in ((keyword, False), (exclusive, True)):
        value = atom.bound(name, choose)
        if value is not None:
            found.append((Fraction(value) * sign, is_exclusive))
    return max(found, default=None)


def _whole(edge: _Edge) -> _Edge:
    """Return a bound of whole numbers as an inclusive one."""
    value, exclusive = edge
    ceiling = -(-value.numerator // value.denominator)
    return Fraction(ceiling + (exclusive and ceiling == value)), False


def _edge(edge: _Edge | None, sign: int) -> str:
    if edge is None:
        return "none"
    value, exclusive = edge[0] * sign, edge[1]
    try:
        number = int(value) if value.denominator == 1 else float(value)
        return f"{number:.15g}" + (", exclusive" if exclusive else "")
    except (OverflowError, ValueError):
        return "a very large number"


def _divides(wanted: Any, known: Any) -> bool:
    """Return whether every multiple of *known* is one of *wanted*."""
    try:
        return (Fraction(str(known)) / Fraction(str(wanted))).denominator == 1
    except (ArithmeticError, ValueError):
        return False


def _spelled(value: Any) -> str:
    """Return a pattern or a format as it is written, and anything else as JSON."""
    short = len(value) <= _LONGEST if isinstance(value, str) else False
    return f"{value!s}" if short else _short(value)


def _short(value: Any) -> str:
    """Return a value as JSON, shortened."""
    text = str(value) if isinstance(value, float) else _json(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:
        return repr(value)


def _listing(values: list[Any]) -> str:
    """Return values as a list in words: `"a" or 1`."""
    texts = [_short(value) for value in values[:8]]
    if len(values) > len(texts):
        texts.append(f"{len(values) - len(texts)} more values")
    return either(texts)


def either(texts: list[str]) -> str:
    """Return alternatives as a phrase: `a, b or c`."""
    *most, last = dict.fromkeys(texts)
    return f"{', '.join(most)} or {last}" if most else last


_PHRASES = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    FRACTION: "a fraction",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


def phrase(atom: Atom) -> str:
    """Return in words what *atom* allows, by its values or its types."""
    return _phrases([atom])


def _phrases(atoms: list[Atom]) -> str:
    texts: list[str] = []
    for atom in atoms:
        values = atom.values
        if values and atom.types - {"boolean", "null"}:
            texts.append(_listing(values))
            continue
        names = set(atom.types)
        if names >= _NUMBERS:
            names -= _NUMBERS
            texts.append("a number")
        texts += [_PHRASES[one] for one in _PHRASES if one in names]
        if atom.name and texts and "object" in atom.types:
            texts[-1] += f" {atom.name}"
    if len(texts) >= len(_PHRASES) - 1:
        return "any value"
    return either(texts) if texts else "nothing"


def subset(one: Any, other: Any) -> bool:
    """
    Return whether *other* is proven to allow all values that *one* allows.

    Usage: `subset({"const": 1}, {"type": "integer"})`. Raises `TooLarge` if that takes
    too many steps.
    """
    return Comparer(Rules(strict=True)).proves(one, other)
