"""Schema rejections as pydantic errors; most servers validate with pydantic."""

from __future__ import annotations

import re

from contract.model.chat import Json
from contract.model.rejection import Rejection, RejectionReason

_TYPES = {
    "string": ("string_type", "Input should be a valid string"),
    "integer": ("int_type", "Input should be a valid integer"),
    "number": ("float_type", "Input should be a valid number"),
    "boolean": ("bool_type", "Input should be a valid boolean"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("dict_type", "Input should be a valid dictionary"),
}
_KEYWORDS = {
    "required": ("missing", "Field required"),
    "additionalProperties": ("extra_forbidden", "Extra inputs are not permitted"),
    "unevaluatedProperties": ("extra_forbidden", "Extra inputs are not permitted"),
    "enum": ("literal_error", "Input should be {}"),
    "const": ("literal_error", "Input should be {}"),
    "minimum": ("greater_than_equal", "Input should be greater than or equal to {}"),
    "exclusiveMinimum": ("greater_than", "Input should be greater than {}"),
    "maximum": ("less_than_equal", "Input should be less than or equal to {}"),
    "exclusiveMaximum": ("less_than", "Input should be less than {}"),
    "minLength": ("string_too_short", "String should have at least {} characters"),
    "maxLength": ("string_too_long", "String should have at most {} characters"),
    "minItems": ("too_short", "List should have at least {} items"),
    "maxItems": ("too_long", "List should have at most {} items"),
    "pattern": ("string_pattern_mismatch", "String should match pattern '{}'"),
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
BOUNDS = frozenset(
    {
        "minimum",
        "exclusiveMinimum",
        "maximum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    }
)


def steps(pointer: str) -> list[Json]:
    """Return the steps of a JSON Pointer, list indices as numbers."""
    if not pointer:
        return []
    words = pointer.removeprefix("/").split("/")
    return [
        int(word)
        if word.isascii() and word.isdigit()
        else word.replace("~1", "/").replace("~0", "~")
        for word in words
    ]


def pydantic_error(problem: Rejection) -> dict[str, Json]:
    """Return `{type, loc, msg, input}` as pydantic reports *problem*."""
    if problem.reason is RejectionReason.MALFORMED:
        return {
            "type": "json_invalid",
            "loc": ["body", problem.count],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": problem.message or "Expecting value"},
        }
    if problem.reason is RejectionReason.CONTENT_TYPE:
        kind, text = _TYPES["object"]
    elif problem.keyword == "type":
        named = (word for word in problem.expected.split() if word in _TYPES)
        kind, text = _TYPES.get(next(named, ""), ("value_error", "Value error"))
    else:
        fallback = ("value_error", "Value error, " + (problem.message or "invalid"))
        kind, text = _KEYWORDS.get(problem.keyword, fallback)
    # Of a phrase such as "at least 0", pydantic's sentence needs only the number.
    bound = _NUMBER.search(problem.expected) if problem.keyword in BOUNDS else None
    return {
        "type": kind,
        "loc": ["body", *steps(problem.pointer)],
        "msg": text.replace("{}", bound[0] if bound else problem.expected),
        "input": problem.value,
    }
