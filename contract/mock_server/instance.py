"""Deterministic search for a small value that satisfies a JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Any

import jsonschema_rs

from contract.mock_server.pattern import bounded_validator, matching
from contract.model.chat import Json

Schema = Mapping[str, Any]
_MAX_DEPTH = 12  # levels of a recursive schema
_MAX_CANDIDATES = 200  # candidates for one value
_OPTIONAL_DEPTH = 2  # levels below which optional members are left out
_MAX_SIZE = 200_000  # characters and values of one document; a window holds no more
_MAX_STEPS = 20_000  # schemas looked at
MAX_SCHEMA = 2**20  # characters of a schema
_FORMATS = {
    "date": "2025-09-18",
    "date-time": "2025-09-18T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uri-reference": "/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}
# Keywords that imply a type.
_KEYWORDS = {
    "object": ("properties", "required", "additionalProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "contains"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "multipleOf"),
}
_ORDER = ("string", "number", "integer", "boolean", "object", "array", "null")


class UnsatisfiableError(ValueError):
    """No value satisfies the schema, or no small one does."""


def instance(schema: Json, hints: Mapping[str, Json] | None = None) -> Json:
    """
    Return a value that satisfies *schema*; *hints* are preferred values by member name.

    Optional members are left out, unless the schema has no `required`: then every
    declared member is included. References to other documents are never followed.
    Raises `UnsatisfiableError`, also if the search takes many steps or the document
    would be large.
    """
    try:
        validator = bounded_validator(schema)
        candidates = _Search(schema, hints or {}).values(schema, 0)
        for value in islice(candidates, _MAX_CANDIDATES):
            if validator.is_valid(value):
                return value
    except UnsatisfiableError:
        raise
    except (jsonschema_rs.ValidationError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise UnsatisfiableError(f"not a usable JSON Schema: {reason}") from error
    except (ArithmeticError, AttributeError, MemoryError, RecursionError) as error:
        raise UnsatisfiableError(
            f"not a usable JSON Schema: {type(error).__name__}"
        ) from error
    except jsonschema_rs.ReferencingError as error:
        raise UnsatisfiableError(f"a reference leads nowhere: {error}") from error
    raise UnsatisfiableError("no small value fits the schema")


class _Search:
    """Candidates for the parts of one schema, small and likely ones first."""

    def __init__(self, root: Json, hints: Mapping[str, Json]) -> None:
        self._root = root
        self._hints = hints
        self._steps = 0

    def values(self, schema: Json, depth: int, name: str = "") -> Iterator[Json]:
        """
        Yield candidates for *schema*, which the caller has to validate.

        *depth* is the number of levels above it, *name* that of the member.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise UnsatisfiableError("the schema needs too long a search")
        if depth > _MAX_DEPTH or schema is False:
            return
        if not isinstance(schema, dict):
            yield self._hints.get(name, "")
            return
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            yield from self.values(
                _merged(self._resolve(schema["$ref"]), rest), depth + 1, name
            )
        elif "allOf" in schema:
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            whole: Json = rest
            for part in _list(schema["allOf"]):
                whole = _merged(whole, self._dereference(part))
            yield from self.values(whole, depth + 1, name)
        elif union := next((k for k in ("anyOf", "oneOf") if k in schema), None):
            rest = {key: value for key, value in schema.items() if key != union}
            for part in _list(schema[union]):
                yield from self.values(
                    _merged(rest, self._dereference(part)), depth + 1, name
                )
        else:
            yield from self._plain(schema, depth, name)

    def _plain(self, schema: Schema, depth: int, name: str) -> Iterator[Json]:
        if "const" in schema:
            yield schema["const"]
            return
        if "enum" in schema:
            hint = self._hints.get(name)
            yield from [hint] if hint in schema["enum"] else []
            yield from schema["enum"]
            return
        if name in self._hints:
            yield self._hints[name]
        if "default" in schema:
            yield schema["default"]
        yield from _list(schema.get("examples", []))
        for kind in _kinds(schema):
            yield from self._of(kind, schema, depth)

    def _of(self, kind: str, schema: Schema, depth: int) -> Iterator[Json]:
        if kind == "object":
            yield from self._objects(schema, depth)
        elif kind == "array":
            yield from self._arrays(schema, depth)
        elif kind == "string":
            yield from _strings(schema)
        elif kind in {"integer", "number"}:
            yield from _numbers(schema, whole=kind == "integer")
        elif kind == "boolean":
            yield from (True, False)
        else:
            yield None

    def _objects(self, schema: Schema, depth: int) -> Iterator[Json]:
        declared = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        optional = [] if depth > _OPTIONAL_DEPTH else declared
        needed = list(schema.get("required", optional))
        least = schema.get("minProperties", 0)
        _check_size(least, 1)
        spare = [key for key in declared if key not in needed]
        spare += [f"key{number}" for number in range(1, least + 1)]
        needed += spare[: max(least - len(needed), 0)]
        choices = {
            key: tuple(
                islice(self.values(declared.get(key, others), depth + 1, key), 12)
            )
            for key in needed
        }
        if all(choices.values()):
            first = {key: values[0] for key, values in choices.items()}
            yield dict(first)
            for key, values in choices.items():
                for value in values[1:]:
                    yield {**first, key: value}

    def _arrays(self, schema: Schema, depth: int) -> Iterator[Json]:
        heads = [
            tuple(islice(self.values(part, depth + 1), 6))
            for part in _list(schema.get("prefixItems", []))
        ]
        least = max(schema.get("minItems", 0), 1 if "contains" in schema else 0)
        rest = max(least - len(heads), 0)
        item = schema.get("contains", schema.get("items", True))
        pool = tuple(islice(self.values(item, depth + 1), 40))
        if not least:
            yield []
        if not all(heads) or (rest and not pool):
            return
        if schema.get("uniqueItems"):
            _check_size(rest, 1)
            yield [head[0] for head in heads] + list(_distinct(pool))[:rest]
            return
        for one in islice(product(*heads), 12):
            for value in pool[:12] or (None,):
                _check_size(rest, _size(value))
                yield [*one, *[value] * rest]

    def _resolve(self, reference: Json) -> Json:
        """Return the target of a `#/…` reference; raises for any other reference."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise UnsatisfiableError(f"{reference!r} is not followed")
        value = self._root
        for step in reference[1:].removeprefix("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            elif key:
                raise UnsatisfiableError(f"{reference!r} names nothing")
        return value

    def _dereference(self, schema: Json) -> Json:
        for _ in range(_MAX_DEPTH):
            if not (isinstance(schema, dict) and "$ref" in schema):
                return schema
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = _merged(self._resolve(schema["$ref"]), rest)
        raise UnsatisfiableError("a reference leads to itself")


def _merged(one: Json, other: Json) -> Json:
    """Return a schema that requires both, as far as their keywords can be combined."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return (
            False
            if one is False or other is False
            else (one if other is True else other)
        )
    merged: dict[str, Json] = {**one, **other}
    for key in one.keys() & other.keys():
        a, b = one[key], other[key]
        if key == "properties" and isinstance(a, dict) and isinstance(b, dict):
            merged[key] = {**a, **b}
        elif key == "required" and isinstance(a, list) and isinstance(b, list):
            merged[key] = [*a, *(name for name in b if name not in a)]
        elif key == "enum" and isinstance(a, list) and isinstance(b, list):
            merged[key] = [value for value in a if value in b]
        elif isinstance(a, int | float) and isinstance(b, int | float):
            merged[key] = max(a, b) if "in" in key[:3].lower() else min(a, b)
    return merged


def _kinds(schema: Schema) -> Iterable[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return (kind,)
    if isinstance(kind, list):
        return sorted(kind, key=_ORDER.index)
    for name, keywords in _KEYWORDS.items():
        if any(keyword in schema for keyword in keywords):
            return (name,)
    return _ORDER


def _numbers(schema: Schema, *, whole: bool) -> Iterator[Json]:
    low = max(
        schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf)
    )
    high = min(
        schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf)
    )
    step = schema.get("multipleOf", 1)
    near = math.ceil(low / step) if low > -math.inf else 0
    last = math.floor(high / step) if high < math.inf else 0
    candidates = [
        1,
        0,
        *(step * (near + k) for k in range(20)),
        step * last,
        step * (last - 1),
    ]
    if not whole:
        candidates += [bound for bound in (low, high) if math.isfinite(bound)]
        candidates += [(low + high) / 2, low + 0.5, high - 0.5]
    for value in candidates:
        if (
            low <= value <= high
            and value != schema.get("exclusiveMinimum")
            and value != schema.get("exclusiveMaximum")
            and ("multipleOf" not in schema or value % step == 0)
        ):
            yield value


def _strings(schema: Schema) -> Iterator[Json]:
    least = schema.get("minLength", 0)
    _check_size(least, 1)
    format_ = schema.get("format")
    if isinstance(format_, str) and format_ in _FORMATS:
        yield _FORMATS[format_]
    if "pattern" in schema:
        text = matching(schema["pattern"])
        if text is not None:
            yield text
            yield text + "a" * max(least - len(text), 0)
    for letter in "abcdefgh":
        yield letter * least
    yield from "abcdefgh"


def _check_size(count: float, size: int) -> None:
    """Raise `UnsatisfiableError` if *count* values of *size* are a large document."""
    if count * size > _MAX_SIZE:
        raise UnsatisfiableError(
            f"its smallest document is larger than {_MAX_SIZE} characters"
        )


def _size(value: Json) -> int:
    """Return the characters and values in *value*; raises if they are many."""
    total = 1
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            total += len(one)
        elif isinstance(one, list):
            total += len(one)
            waiting += one
        elif isinstance(one, dict):
            total += len(one)
            waiting += one.values()
        _check_size(total, 1)
    return total


def _distinct(values: Iterable[Json]) -> Iterator[Json]:
    seen: list[str] = []
    extra = (number for number in range(100))
    for value in (*values, *extra):
        key = f"{type(value).__name__}:{value}"
        if key not in seen:
            seen.append(key)
            yield value


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
