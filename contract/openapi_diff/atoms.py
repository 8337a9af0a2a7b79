"""Schemas as lists of alternatives, each without `anyOf`, `oneOf` or a reference."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from contract.openapi_diff.document import MISSING, Ref
from contract.schema.validate import mismatch

# The types of JSON Schema, with numbers divided into two that have nothing in common.
FRACTION = "fraction"
TYPES = frozenset({"null", "boolean", "integer", FRACTION, "string", "array", "object"})
_MOST = 512  # alternatives of one schema; more are taken as "anything"
_MOST_PATTERNS = 100  # of one object; more are taken as "anything"
_BY_PATTERN = frozenset({"patternProperties", "additionalProperties"})
_DEEPEST = 40  # schemas within each other, before they are taken as "anything"
_COMPOSITES = frozenset(
    {"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "const", "type"}
)
# Keywords that can be decided for one value without looking into a schema.
SCALAR = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties", "required"),
    }
)
UNRESTRICTED: dict[str, Any] = {}


def types_of(value: Any) -> frozenset[str]:
    """Return the types that the keyword `type` with *value* allows."""
    listed = value if isinstance(value, list) else [value]
    found: set[str] = set()
    for one in listed:
        found |= {"integer", FRACTION} if one == "number" else {str(one)}
    return frozenset(found & TYPES)


def type_of(value: Any) -> str:
    """Return the type of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else FRACTION
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def listed_values(schema: dict[str, Any]) -> list[Any] | None:
    """Return the values of `enum`; None if there is none."""
    values = schema.get("enum")
    return values if isinstance(values, list) else None


def identity(value: Any) -> str:
    """Return a text that two JSON values share if they are equal: 1 is 1.0."""
    if type(value) is str:  # most values; no JSON of another begins with a quote
        return f'"{value}'
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@dataclass(frozen=True, eq=False)
class Atom:
    """
    One alternative of a schema: what has one of the types and obeys all conjuncts.

    Atoms are compared by identity, and each is made once for a schema.
    """

    types: frozenset[str]
    # Objects of keywords, none of which is a composition.
    conjuncts: tuple[dict[str, Any], ...] = ()
    # The last part of the reference that it comes from; empty without one.
    name: str = ""
    # Whether it allows more than the schema does, which was too much to take apart.
    loose: bool = False
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def values(self) -> list[Any] | None:
        """The values that it allows if they are listed; None otherwise."""
        if "values" not in self._made:
            self._made["values"] = self._values()
        found: list[Any] | None = self._made["values"]
        return found

    def _values(self) -> list[Any] | None:
        lists = [v for c in self.conjuncts if (v := listed_values(c)) is not None]
        if lists:
            first, *others = lists
            kept = {identity(v): v for v in first if type_of(v) in self.types}
            for other in others:
                allowed = set(map(identity, other))
                kept = {key: v for key, v in kept.items() if key in allowed}
            return list(kept.values())
        if self.types <= {"null", "boolean"}:
            booleans = [False, True] if "boolean" in self.types else []
            return booleans + ([None] if "null" in self.types else [])
        return None

    def lists(self, value: Any) -> bool:
        """Return whether *value* is one of the listed values."""
        if "identities" not in self._made:
            self._made["identities"] = frozenset(map(identity, self.values or ()))
        return identity(value) in self._made["identities"]

    @property
    def is_empty(self) -> bool:
        """Whether it is known to allow nothing."""
        return not self.types or self.values == []

    def all(self, keyword: str) -> Iterator[Any]:
        """Yield the values of *keyword*."""
        yield from (c[keyword] for c in self.conjuncts if keyword in c)

    @property
    def required(self) -> frozenset[str]:
        """The names of the properties that are always there."""
        if "required" not in self._made:
            lists = (names for names in self.all("required") if isinstance(names, list))
            names = (name for one in lists for name in one if isinstance(name, str))
            self._made["required"] = frozenset(names)
        found: frozenset[str] = self._made["required"]
        return found

    @property
    def described(self) -> dict[str, None]:
        """The names of the properties that it describes, in order."""
        if "described" not in self._made:
            maps = (mapping(conjunct, "properties") for conjunct in self.conjuncts)
            self._made["described"] = dict.fromkeys(name for m in maps for name in m)
        found: dict[str, None] = self._made["described"]
        return found

    def member(self, name: str) -> Any:
        """Return the schema of the property *name*, described or not."""
        return self._combined(
            ("member", name), (_member(c, name) for c in self.conjuncts)
        )

    @property
    def others(self) -> Any:
        """The schema of properties that are not described."""
        return self._combined("others", map(_others, self.conjuncts))

    def item(self, index: int) -> Any:
        """Return the schema of the item at *index* of an array."""
        return self._combined(
            ("item", index), (_item(c, index) for c in self.conjuncts)
        )

    @property
    def prefix(self) -> int:
        """The number of items with a schema of their own."""
        lists = (v for v in self.all("prefixItems") if isinstance(v, list))
        return max(map(len, lists), default=0)

    def _combined(self, key: Any, schemas: Iterable[Any]) -> Any:
        if key not in self._made:
            parts = [one for one in schemas if one is not True and one != {}]
            whole = {"allOf": parts} if len(parts) > 1 else UNRESTRICTED
            self._made[key] = parts[0] if len(parts) == 1 else whole
        return self._made[key]

    def bound(
        self, keyword: str, choose: Callable[[list[float]], float]
    ) -> float | None:
        """Return the tightest value of *keyword*, by *choose* (min or max), or None."""
        numbers = [v for v in self.all(keyword) if _is_number(v)]
        return choose(numbers) if numbers else None

    def narrowed(
        self, types: frozenset[str], extra: dict[str, Any] | None = None
    ) -> Atom:
        """Return the part of it with these *types* that obeys *extra* too."""
        if types >= self.types and not extra:
            return self
        key = ("narrowed", types, json.dumps(extra, sort_keys=True))
        if key not in self._made:
            more = (extra,) if extra else ()
            conjuncts = (*self.conjuncts, *more)
            self._made[key] = Atom(self.types & types, conjuncts, self.name, self.loose)
        found: Atom = self._made[key]
        return found

    def of_values(self, values: list[Any]) -> Atom:
        """Return the part of it that allows *values* alone, some of those it lists."""
        if len(values) == len(self.values or ()):
            return self
        return Atom(
            frozenset(map(type_of, values)),
            (*self._unlisted, {"enum": values}),
            self.name,
            self.loose,
        )

    @property
    def _unlisted(self) -> list[dict[str, Any]]:
        """The conjuncts without their lists, for a part that has a list of its own."""
        return [{k: v for k, v in c.items() if k != "enum"} for c in self.conjuncts]

    def split(self) -> list[Atom]:
        """Return parts that together are all of it: by value, or else by type."""
        if "split" not in self._made:
            values = self.values
            if values is not None and len(values) > 1:
                # The other lists allow each of them already.
                plain = self._unlisted
                parts = [
                    Atom(
                        frozenset({type_of(value)}),
                        (*plain, {"enum": [value]}),
                        self.name,
                        self.loose,
                    )
                    for value in values
                ]
            elif len(self.types) > 1 and self.types != {"integer", FRACTION}:
                numbers = self.types & {"integer", FRACTION}
                rest = [frozenset({t}) for t in sorted(self.types - numbers)]
                groups = [*rest, numbers] if numbers else rest
                parts = [self.narrowed(group) for group in groups]
            else:
                parts = [self]
            self._made["split"] = parts
        found: list[Atom] = self._made["split"]
        return found


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or math.isfinite(value))
    )


def mapping(conjunct: dict[str, Any], keyword: str) -> dict[str, Any]:
    """Return the schemas by name that *keyword* holds; empty without any."""
    value = conjunct.get(keyword)
    return value if isinstance(value, dict) else {}


def matches(pattern: str, name: str) -> bool:
    """Return whether *name* matches; a pattern that is none matches everything."""
    return mismatch({"pattern": pattern}, name) is None


def _member(conjunct: dict[str, Any], name: str) -> Any:
    found = [
        schema
        for pattern, schema in mapping(conjunct, "patternProperties").items()
        if matches(pattern, name)
    ]
    described = mapping(conjunct, "properties")
    if name in described:
        found.append(described[name])
    if not found:
        return conjunct.get("additionalProperties", True)
    return found[0] if len(found) == 1 else {"allOf": found}


def _others(conjunct: dict[str, Any]) -> Any:
    rest = conjunct.get("additionalProperties", True)
    patterns = mapping(conjunct, "patternProperties")
    return {"anyOf": [*patterns.values(), rest]} if patterns else rest


def _item(conjunct: dict[str, Any], index: int) -> Any:
    prefix = conjunct.get("prefixItems")
    if isinstance(prefix, list) and index < len(prefix):
        return prefix[index]
    items = conjunct.get("items", True)
    return True if isinstance(items, list) else items


class Atoms:
    """The alternatives of schemas, each computed once."""

    def __init__(self) -> None:
        # The schema is kept, so that its id stays its own.
        self._known: dict[int, tuple[Any, tuple[Atom, ...]]] = {}
        self._open: set[int] = set()

    def of(self, schema: Any) -> tuple[Atom, ...]:
        """Return the alternatives of *schema*; none if it allows nothing."""
        if isinstance(schema, Atom):
            return () if schema.is_empty else (schema,)
        if schema is False:
            return ()
        if not isinstance(schema, dict):
            return (ANYTHING,)  # true, or what is no schema at all
        known = self._known.get(id(schema))
        if known is not None:
            return known[1]
        if id(schema) in self._open or len(self._open) > _DEEPEST:
            return (UNKNOWN,)  # a schema that is defined by itself
        self._open.add(id(schema))
        found = tuple(self._expanded(schema))
        self._open.discard(id(schema))
        self._known[id(schema)] = schema, found
        return found

    def _expanded(self, schema: dict[str, Any]) -> list[Atom]:
        own = {key: schema[key] for key in schema.keys() - _COMPOSITES}
        types = types_of(schema["type"]) if "type" in schema else TYPES
        loose = len(mapping(own, "patternProperties")) > _MOST_PATTERNS
        if loose:  # each is matched with each name
            own = {k: v for k, v in own.items() if k not in _BY_PATTERN}
        constant: list[dict[str, Any]] = []
        if "const" in schema:
            types &= {type_of(schema["const"])}
            constant = [{"enum": [schema["const"]]}]
        if isinstance(own.get("enum"), list):
            types &= {type_of(value) for value in own["enum"]}
        found = [Atom(types, (*([own] if own else []), *constant), loose=loose)]
        for factor in self._factors(schema):
            if len(found) * len(factor) > _MOST:
                factor = (UNKNOWN,)  # noqa: PLW2901  # in its place
            found = [_both(one, other) for one in found for other in factor]
        return [atom for atom in found if not atom.is_empty]

    def _factors(self, schema: dict[str, Any]) -> Iterator[tuple[Atom, ...]]:
        """Yield lists of alternatives, of each of which one must hold."""
        reference = schema.get("$ref")
        if isinstance(reference, Ref):
            target = reference.target()
            if target is MISSING:
                unresolved = {"$ref": reference}
                yield (Atom(TYPES, (unresolved,), reference.name),)
            else:
                named = Atom(TYPES, (), reference.name)
                yield tuple(_both(one, named) for one in self.of(target))
        for part in _schemas(schema, "allOf"):
            yield self.of(part)
        if branches := _schemas(schema, "anyOf"):
            yield tuple(atom for one in branches for atom in self.of(one))
        if branches := _schemas(schema, "oneOf"):
            # With a discriminator, its value alone tells which one is meant.
            tagged = isinstance(schema.get("discriminator"), dict)
            yield tuple(
                _both(atom, *(() if tagged else _excluding(branches, number)))
                for number, one in enumerate(branches)
                for atom in self.of(one)
            )
        if "if" in schema:
            then, otherwise = schema.get("then", True), schema.get("else", True)
            excluded = Atom(TYPES, ({"not": schema["if"]},))
            yield (
                *self.of({"allOf": [schema["if"], then]}),
                *(_both(one, excluded) for one in self.of(otherwise)),
            )


def _both(one: Atom, *others: Atom) -> Atom:
    """Return what all of the atoms allow; of names, the last one counts."""
    types, conjuncts, name, loose = one.types, one.conjuncts, one.name, one.loose
    for other in others:
        types &= other.types
        conjuncts += other.conjuncts
        name = name or other.name
        loose = loose or other.loose
    return Atom(types, conjuncts, name, loose)


def _excluding(branches: list[Any], number: int) -> Iterator[Atom]:
    """Yield what excludes all *branches* but the one of that *number*."""
    for other, branch in enumerate(branches):
        if other != number:
            yield Atom(TYPES, ({"not": branch},))


def _schemas(schema: dict[str, Any], keyword: str) -> list[Any]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


ANYTHING = Atom(TYPES)
UNKNOWN = Atom(TYPES, loose=True)
