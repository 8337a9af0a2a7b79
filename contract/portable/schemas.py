"""Short forms of the JSON Schemas in which requirements are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contract.model.check import Scope
from contract.model.response_kind import NOT_AN_ANSWER, ResponseKind

Schema = dict[str, Any]

ANYTHING: Schema = {}
NEVER: Schema = {"not": {}}
NOTHING: Schema = {"type": "array", "items": {}, "maxItems": 0}
SOMETHING: Schema = {"type": "array", "items": {}, "minItems": 1}
INTEGER: Schema = {"type": "integer"}
STRING: Schema = {"type": "string"}
NOT_EMPTY: Schema = {"type": "string", "minLength": 1}
# A text with more in it than blanks that every engine agrees on.
TEXT: Schema = {"type": "string", "pattern": "[^ \\t\\n\\r\\f\\v\u00a0]"}
BLANK: Schema = {"type": "string", "pattern": "^[ \\t\\n\\r\\f\\v\u00a0]*$"}
# Statuses of a server that cannot answer at the moment.
BUSY = (429, 502, 503, 504)


def has(**members: object) -> Schema:
    """
    Return the schema of an object with *members*: each a schema, or a value to equal.

    Usage: `has(stream=has(sentinels=1))`.
    """
    return {
        "type": "object",
        "properties": {name: _schema(value) for name, value in members.items()},
        "required": [*members],
    }


def _schema(value: object) -> Schema:
    return value if isinstance(value, dict) else {"const": value}


def one_of(values: Iterable[object]) -> Schema:
    """Return the schema of any of *values*."""
    return {"enum": [*values]}


def every(item: object) -> Schema:
    """Return the schema of a list whose items all match *item*."""
    return {"type": "array", "items": _schema(item)}


def single(item: object) -> Schema:
    """Return the schema of a list of one item, which matches *item*."""
    return {"type": "array", "items": _schema(item), "minItems": 1, "maxItems": 1}


def some(item: object) -> Schema:
    """Return the schema of a list with an item that matches *item*."""
    return {"type": "array", "items": {}, "contains": _schema(item)}


def anything_but(value: object) -> Schema:
    """Return the schema of all that does not match *value*."""
    return {"not": _schema(value)}


def matching(pattern: str) -> Schema:
    """Return the schema of a text in which *pattern* is found."""
    return {"type": "string", "pattern": pattern}


def at_most(limit: int) -> Schema:
    """Return the schema of an integer up to *limit*."""
    return {"type": "integer", "maximum": limit}


def at_least(limit: int) -> Schema:
    """Return the schema of an integer from *limit* on."""
    return {"type": "integer", "minimum": limit}


def both(*schemas: Schema) -> Schema:
    """Return the schema of what matches all *schemas*."""
    return {"allOf": [one for one in schemas if one]} if any(schemas) else {}


def either(*schemas: Schema) -> Schema:
    """Return the schema of what matches one of *schemas* or more."""
    return {"anyOf": [*schemas]}


UTF_8: Schema = {"type": "array", "items": {"enum": ["utf-8", "utf8"]}}
# A reply of the form that the request asks for, as far as it asks for a stream.
FORMED = either(has(request=has(stream=False)), has(streamed=True))
# A stream with a chunk that is no error, and one with a choice.
CHUNKS = has(streamed=True, chunks=has(any=True))
CHOICES = both(CHUNKS, has(choices=SOMETHING))
# Any text in the first choice.
SAID = either(has(reasoning=NOT_EMPTY), has(answer=NOT_EMPTY))


_ATTEMPTS = NOT_AN_ANSWER | {ResponseKind.ANSWERED, ResponseKind.TIMED_OUT}
_CHAT = has(request=has(chat=True), status=200)


def _kinds(*kinds: ResponseKind) -> Schema:
    return has(kind=one_of(kind.value for kind in kinds))


# What belongs to each scope, as `contract.run.invariants.scopes_of` has it.
SCOPES: dict[Scope, Schema] = {
    Scope.ANSWERS: both(_CHAT, _kinds(ResponseKind.ANSWERED)),
    Scope.STREAMS: both(
        _CHAT, _kinds(ResponseKind.ANSWERED), has(request=has(wants="stream"))
    ),
    Scope.WHOLE: both(
        _CHAT, _kinds(ResponseKind.ANSWERED), has(request=has(wants="whole"))
    ),
    Scope.BODIES: both(
        _CHAT,
        _kinds(ResponseKind.ANSWERED, ResponseKind.UNREADABLE),
        has(request=has(wants="whole")),
    ),
    Scope.ATTEMPTS: both(_CHAT, _kinds(*sorted(_ATTEMPTS))),
    Scope.ERRORS: both(
        has(request=has(chat=True), status=anything_but(one_of(BUSY))),
        _kinds(ResponseKind.REJECTED, ResponseKind.FAILED),
    ),
    Scope.RESPONSES: has(status=INTEGER, kind=anything_but(ResponseKind.LEFT.value)),
    # A reply does not show which request it belongs to: the exporter selects them.
    Scope.COMBINED: has(status=anything_but(one_of(BUSY))),
}
# What a check that is no invariant can judge, unless it judges rejections.
ANSWERED = has(
    ended=True,
    kind=anything_but(one_of(sorted(kind.value for kind in NOT_AN_ANSWER))),
)
