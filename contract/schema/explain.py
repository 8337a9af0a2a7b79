"""
Why a value departs from a schema: jsonschema's errors, told as sentences.

In a union every branch has its complaint. The one that counts is of the branch that
the value resembles most: same JSON type, same tags (`role`, `type`, `object`), fewest
unknown properties.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from contract.model.chat import Json

# jsonschema types the fields of its errors as "anything or unset"; of an error that a
# validator yields all are set, so the errors are plain `Any` below.

_SHOWN = 80  # characters of a value that a sentence can bear
_KINDS = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


@dataclass(frozen=True, slots=True)
class SchemaError:
    """
    One place where a value departs from its schema.

    `pointer` is the JSON Pointer of the offender: the wrong value, the forbidden
    property, or the place where the missing one should be. `keyword` is the JSON
    Schema keyword that said no.
    """

    pointer: str
    keyword: str
    message: str
    expected: str
    actual: str


class _Distance(NamedTuple):
    """How little a value resembles one branch of a union, the worst sign first."""

    other_kind: bool
    other_tags: int
    strangers: int
    errors: int


def reasons(error: Any, defs: dict[str, Any]) -> Iterator[SchemaError]:
    """What an error says; of a union, what the nearest branch says."""
    if not error.context:
        yield from _told(error)
        return
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    distances = {
        index: _distance(error, error.validator_value[index], inner, defs)
        for index, inner in branches.items()
    }
    nearest = min(distances, key=lambda index: distances[index])
    tags = _tags(branches.values()) if distances[nearest].other_tags else {}
    if distances[nearest].other_kind:
        kinds = [k for inner in branches.values() for e in inner for k in _kinds(e)]
        yield _wrong(error, "type", _either([_KINDS[k] for k in dict.fromkeys(kinds)]))
    elif tags:
        path, allowed = next(iter(tags.items()))
        tag = next(e for e in branches[nearest] if tuple(e.absolute_path) == path)
        yield _wrong(tag, "enum", _either([shown(value) for value in allowed]))
    else:
        for inner in branches[nearest]:
            yield from reasons(inner, defs)


def _distance(
    union: Any,
    branch: Any,
    errors: list[Any],
    defs: dict[str, Any],
) -> _Distance:
    instance = union.instance
    known = _properties(branch, defs) if isinstance(instance, dict) else set()
    return _Distance(
        other_kind=any(_kinds(e) for e in errors),
        other_tags=sum(_is_tag(e) for e in errors),
        strangers=len(set(instance) - known) if isinstance(instance, dict) else 0,
        errors=sum(1 + len(e.context or ()) for e in errors),
    )


def _properties(branch: Any, defs: dict[str, Any]) -> set[str]:
    """The properties that a schema describes, through references and `allOf`."""
    known = set(branch.get("properties", ()))
    if "$ref" in branch:
        known |= _properties(defs[branch["$ref"].removeprefix("#/$defs/")], defs)
    for part in branch.get("allOf", ()):
        known |= _properties(part, defs)
    return known


def _kinds(error: Any) -> list[str]:
    """The JSON types that the root of a branch wanted; empty when it got one."""
    if error.validator != "type" or error.relative_path:
        return []
    wanted = error.validator_value
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _is_tag(error: Any) -> bool:
    return error.validator in {"const", "enum"} and len(error.relative_path) == 1


def _tags(
    branches: Iterable[list[Any]],
) -> dict[tuple[str | int, ...], list[Json]]:
    """By place, the values that the branches want of a property none is happy with."""
    wanted: dict[tuple[str | int, ...], list[Json]] = {}
    unhappy: list[set[tuple[str | int, ...]]] = []
    for errors in branches:
        tags = [e for e in errors if _is_tag(e)]
        unhappy.append({tuple(e.absolute_path) for e in tags})
        for e in tags:
            values = (
                [e.validator_value] if e.validator == "const" else e.validator_value
            )
            wanted.setdefault(tuple(e.absolute_path), []).extend(values)
    everywhere = set.intersection(*unhappy)
    return {path: values for path, values in wanted.items() if path in everywhere}


def _told(error: Any) -> Iterator[SchemaError]:
    keyword, value, instance = error.validator, error.validator_value, error.instance
    if keyword == "required":
        for name in value:
            if name not in instance:
                yield _missing(error, name)
    elif keyword == "additionalProperties":
        known = error.schema.get("properties", {}) if value is False else {}
        for name in instance:
            if name not in known:
                yield _stranger(error, name)
    else:
        yield _wrong(error, str(keyword), _expectation(str(keyword), value))


def _expectation(keyword: str, value: Any) -> str:
    """What a keyword asks for, as the end of "…, expected …"."""
    if keyword == "type":
        return _either(
            [_KINDS[k] for k in ([value] if isinstance(value, str) else value)]
        )
    if keyword == "enum":
        return _either([shown(item) for item in value])
    if keyword == "oneOf":
        return "exactly one of the described forms"
    wordings = {
        "const": "{}",
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minItems": "{} items or more",
        "maxItems": "{} items or fewer",
        "minLength": "{} characters or more",
        "maxLength": "{} characters or fewer",
        "pattern": "text that matches {}",
        "not": "nothing of the form {}",
    }
    return wordings.get(keyword, keyword + " {}").format(shown(value))


def _missing(error: Any, name: str) -> SchemaError:
    keys = ", ".join(map(str, error.instance)) or "no properties"
    where = _pointer([*error.absolute_path])
    actual = shortened(f"an object with {keys}")
    message = f"{where or 'the value'} has no {name!r}, only {keys}"
    if not error.instance:
        message = f"{where or 'the value'} has no {name!r}"
    pointer = _pointer([*error.absolute_path, name])
    return SchemaError(
        pointer, "required", shortened(message, 2), f"a property {name!r}", actual
    )


def _stranger(error: Any, name: str) -> SchemaError:
    pointer = _pointer([*error.absolute_path, name])
    actual = shown(error.instance[name])
    known = ", ".join(error.schema.get("properties", {})) or "nothing"
    return SchemaError(
        pointer,
        "additionalProperties",
        f"{pointer} is not allowed here, with value {actual}",
        shortened(f"only {known}"),
        actual,
    )


def _wrong(error: Any, keyword: str, expected: str) -> SchemaError:
    pointer = _pointer([*error.absolute_path])
    actual = shown(error.instance)
    message = f"{pointer or 'the value'} is {actual}, expected {expected}"
    return SchemaError(pointer, keyword, message, expected, actual)


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{str(p).replace('~', '~0').replace('/', '~1')}" for p in path)


def _either(words: list[str]) -> str:
    words = list(dict.fromkeys(words))
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def shown(value: Any) -> str:
    """The value as JSON on one line, cut where a sentence would suffer."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):
        text = f"a {type(value).__name__} that cannot be written as JSON"
    return shortened(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def shortened(text: str, lines: int = 1) -> str:
    """The text, or its beginning and an ellipsis."""
    room = _SHOWN * lines
    return text if len(text) <= room else text[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"
