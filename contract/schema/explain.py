"""
Explanations of schema errors: jsonschema's errors as sentences.

In a union every branch has an error. The one to report is that of the branch which
the value resembles most: same JSON type, same tags (`role`, `type`, `object`), fewest
unknown properties.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from contract.model.chat import Json

# jsonschema types the fields of its errors as "anything or unset". All of them are set
# in an error that a validator yields, so the errors are plain `Any` below.

_MAX_LENGTH = 80  # characters of a value within a sentence
_TYPES = {
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
    """One departure of a value from its schema."""

    # JSON Pointer of the invalid value, the forbidden property, or the place of the
    # missing one.
    pointer: str
    # The violated keyword of JSON Schema, such as "type".
    keyword: str
    # A sentence without a full stop that names pointer, value and expectation.
    message: str
    # The valid values as a phrase, such as "a string".
    expected: str
    # The invalid value as JSON, shortened to one line.
    actual: str


class _Distance(NamedTuple):
    """The distance of a value from one branch of a union, the largest part first."""

    other_type: bool
    other_tags: int
    unknown_properties: int
    errors: int


def explain_error(error: Any, defs: dict[str, Any]) -> Iterator[SchemaError]:
    """
    Yield the schema errors that an error of jsonschema stands for.

    For a union these are the errors of the nearest branch. *defs* are the schemas, by
    name, that references lead to.
    """
    if not error.context:
        yield from _direct_errors(error)
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
    if distances[nearest].other_type:
        types = [t for inner in branches.values() for e in inner for t in _types(e)]
        expected = _either([_TYPES[t] for t in dict.fromkeys(types)])
        yield _invalid_value(error, "type", expected)
    elif tags:
        path, allowed = next(iter(tags.items()))
        tag = next(e for e in branches[nearest] if tuple(e.absolute_path) == path)
        expected = _either([preview(value) for value in allowed])
        yield _invalid_value(tag, "enum", expected)
    else:
        for inner in branches[nearest]:
            yield from explain_error(inner, defs)


def _distance(
    union: Any,
    branch: Any,
    errors: list[Any],
    defs: dict[str, Any],
) -> _Distance:
    instance = union.instance
    known = _properties(branch, defs) if isinstance(instance, dict) else set()
    return _Distance(
        other_type=any(_types(e) for e in errors),
        other_tags=sum(_is_tag(e) for e in errors),
        unknown_properties=(
            len(set(instance) - known) if isinstance(instance, dict) else 0
        ),
        errors=sum(1 + len(e.context or ()) for e in errors),
    )


def _properties(branch: Any, defs: dict[str, Any]) -> set[str]:
    """Return the properties that a schema describes, with references and `allOf`."""
    known = set(branch.get("properties", ()))
    if "$ref" in branch:
        known |= _properties(defs[branch["$ref"].removeprefix("#/$defs/")], defs)
    for part in branch.get("allOf", ()):
        known |= _properties(part, defs)
    return known


def _types(error: Any) -> list[str]:
    """Return the JSON types that a branch requires of its root, where that failed."""
    if error.validator != "type" or error.relative_path:
        return []
    wanted = error.validator_value
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _is_tag(error: Any) -> bool:
    return error.validator in {"const", "enum"} and len(error.relative_path) == 1


def _tags(
    branches: Iterable[list[Any]],
) -> dict[tuple[str | int, ...], list[Json]]:
    """Return the values, by path, that are allowed for the tags that no branch has."""
    wanted: dict[tuple[str | int, ...], list[Json]] = {}
    failed: list[set[tuple[str | int, ...]]] = []
    for errors in branches:
        tags = [e for e in errors if _is_tag(e)]
        failed.append({tuple(e.absolute_path) for e in tags})
        for e in tags:
            values = (
                [e.validator_value] if e.validator == "const" else e.validator_value
            )
            wanted.setdefault(tuple(e.absolute_path), []).extend(values)
    everywhere = set.intersection(*failed)
    return {path: values for path, values in wanted.items() if path in everywhere}


def _direct_errors(error: Any) -> Iterator[SchemaError]:
    keyword, value, instance = error.validator, error.validator_value, error.instance
    if keyword == "required":
        for name in value:
            if name not in instance:
                yield _missing_property(error, name)
    elif keyword == "additionalProperties":
        known = error.schema.get("properties", {}) if value is False else {}
        for name in instance:
            if name not in known:
                yield _unknown_property(error, name)
    else:
        yield _invalid_value(error, str(keyword), _expectation(str(keyword), value))


def _expectation(keyword: str, value: Any) -> str:
    """Return the valid values of a keyword as the end of "…, expected …"."""
    if keyword == "type":
        return _either(
            [_TYPES[t] for t in ([value] if isinstance(value, str) else value)]
        )
    if keyword == "enum":
        return _either([preview(item) for item in value])
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
    return wordings.get(keyword, keyword + " {}").format(preview(value))


def _missing_property(error: Any, name: str) -> SchemaError:
    keys = ", ".join(map(str, error.instance)) or "no properties"
    where = _pointer([*error.absolute_path])
    actual = truncate(f"an object with {keys}")
    message = f"{where or 'the value'} has no {name!r}, only {keys}"
    if not error.instance:
        message = f"{where or 'the value'} has no {name!r}"
    pointer = _pointer([*error.absolute_path, name])
    return SchemaError(
        pointer, "required", truncate(message, 2), f"a property {name!r}", actual
    )


def _unknown_property(error: Any, name: str) -> SchemaError:
    pointer = _pointer([*error.absolute_path, name])
    actual = preview(error.instance[name])
    known = ", ".join(error.schema.get("properties", {})) or "nothing"
    return SchemaError(
        pointer,
        "additionalProperties",
        f"{pointer} is not allowed here, with value {actual}",
        truncate(f"only {known}"),
        actual,
    )


def _invalid_value(error: Any, keyword: str, expected: str) -> SchemaError:
    pointer = _pointer([*error.absolute_path])
    actual = preview(error.instance)
    message = f"{pointer or 'the value'} is {actual}, expected {expected}"
    return SchemaError(pointer, keyword, message, expected, actual)


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{str(p).replace('~', '~0').replace('/', '~1')}" for p in path)


def _either(words: list[str]) -> str:
    words = list(dict.fromkeys(words))
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def preview(value: Any) -> str:
    """Return the value as JSON on one line, truncated for use in a sentence."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):
        text = f"a {type(value).__name__} that cannot be written as JSON"
    return truncate(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def truncate(text: str, lines: int = 1) -> str:
    """Return the text, or its beginning and an ellipsis; a line has 80 characters."""
    limit = _MAX_LENGTH * lines
    return text if len(text) <= limit else text[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"
