"""
A corpus of JSON Schemas as people write them, for answers and for tools.

Each leaf (a type as it is declared for one member) is put into each frame (what
libraries such as Pydantic and Zod write around it); further schemas were written by
hand. The names and the order never change from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from contract.model.chat import Json

Schema = dict[str, Any]

LEAVES: Mapping[str, Schema] = MappingProxyType(
    {
        "text": {"type": "string"},
        "short-text": {"type": "string", "minLength": 1, "maxLength": 12},
        "described": {"type": "string", "title": "Name", "description": "A name"},
        "pattern": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{2}$"},
        "date": {"type": "string", "format": "date"},
        "uuid": {"type": "string", "format": "uuid"},
        "integer": {"type": "integer"},
        "bounded": {"type": "integer", "minimum": 1, "maximum": 5},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "enum": {"type": "string", "enum": ["low", "medium", "high"]},
        "bare-enum": {"enum": ["yes", "no"]},
        "number-enum": {"type": "integer", "enum": [1, 2, 3]},
        "mixed-enum": {"enum": ["auto", 0, None]},
        "const": {"const": "v1"},
        "optional": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "optional-number": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "types": {"type": ["integer", "null"]},
        "union": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
        "unicode-enum": {"type": "string", "enum": ["größer", "小さい", "🎲"]},
    }
)


def closed(required: int | None = None, /, **members: Schema) -> Schema:
    """Return an object with these members; all, or the first few, are required."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members)[:required],
        "additionalProperties": False,
    }


def _titled(leaf: Schema) -> Schema:
    """Return a model as Pydantic writes it: titles, a default, and no closing."""
    return {
        "title": "Model",
        "type": "object",
        "properties": {
            "value": {"title": "Value", **leaf},
            "count": {"title": "Count", "type": "integer", "default": 0},
        },
        "required": ["value"],
    }


def _shared(leaf: Schema) -> Schema:
    """Return two members that refer to one definition."""
    reference = {"$ref": "#/$defs/Part"}
    return {
        "$defs": {"Part": closed(value=leaf)},
        **closed(first=reference, second=reference),
    }


FRAMES: Mapping[str, Callable[[Schema], Schema]] = MappingProxyType(
    {
        "member": lambda leaf: closed(value=leaf),
        "two-members": lambda leaf: closed(value=leaf, note={"type": "string"}),
        "left-out": lambda leaf: closed(1, id={"type": "integer"}, value=leaf),
        "titled": _titled,
        "nested": lambda leaf: closed(outer=closed(inner=closed(value=leaf))),
        "list": lambda leaf: closed(
            values={"type": "array", "items": leaf, "minItems": 1, "maxItems": 3}
        ),
        "rows": lambda leaf: closed(
            rows={
                "type": "array",
                "items": closed(value=leaf, id={"type": "integer"}),
                "minItems": 1,
                "maxItems": 2,
            }
        ),
        "shared": _shared,
        "definition-of-leaf": lambda leaf: {
            "$defs": {"Leaf": leaf},
            **closed(
                values={
                    "type": "array",
                    "items": {"$ref": "#/$defs/Leaf"},
                    "minItems": 1,
                    "maxItems": 2,
                }
            ),
        },
        "optional-model": lambda leaf: {
            "$defs": {"Part": closed(value=leaf)},
            **closed(part={"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]}),
        },
    }
)


def _tagged(tag: str, /, **members: Schema) -> Schema:
    return closed(kind={"type": "string", "const": tag}, **members)


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}
_NODE: Schema = {
    "$defs": {
        "Node": closed(
            name=_TEXT,
            next={"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Node"}]},
        )
    }
}
WRITTEN: Mapping[str, Schema] = MappingProxyType(
    {
        "no-members": {"type": "object", "properties": {}},
        "closed-and-empty": closed(),
        "root-reference": {"$defs": {"A": closed(x=_NUMBER)}, "$ref": "#/$defs/A"},
        "definitions": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"A": closed(x=_NUMBER)},
            **closed(a={"$ref": "#/definitions/A"}),
        },
        "chain": {
            "$defs": {
                "A": closed(b={"$ref": "#/$defs/B"}),
                "B": closed(c={"$ref": "#/$defs/C"}),
                "C": {"type": "string", "enum": ["end"]},
            },
            **closed(a={"$ref": "#/$defs/A"}),
        },
        "all-of-one": {
            "$defs": {"A": closed(x=_NUMBER)},
            **closed(a={"allOf": [{"$ref": "#/$defs/A"}], "description": "An A"}),
        },
        "recursive": {**_NODE, **closed(list={"$ref": "#/$defs/Node"})},
        "tagged-union": closed(
            pet={"anyOf": [_tagged("cat", lives=_NUMBER), _tagged("dog", name=_TEXT)]}
        ),
        "discriminated": {
            "$defs": {"Cat": _tagged("cat", lives=_NUMBER), "Dog": _tagged("dog")},
            **closed(
                pet={
                    "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
                    "discriminator": {"propertyName": "kind"},
                }
            ),
        },
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "map-inside": closed(
            scores={"type": "object", "additionalProperties": {"type": "number"}}
        ),
        "pair": closed(
            pair={
                "type": "array",
                "prefixItems": [_NUMBER, _TEXT],
                "minItems": 2,
                "maxItems": 2,
            }
        ),
        "matrix": closed(
            rows={
                "type": "array",
                "items": {
                    "type": "array",
                    "items": {"type": "integer"},
                    "minItems": 2,
                    "maxItems": 2,
                },
                "minItems": 1,
                "maxItems": 2,
            }
        ),
        "may-be-empty": closed(tags={"type": "array", "items": _TEXT, "maxItems": 2}),
        "unicode-keys": closed(größe=_NUMBER, 名前=_TEXT),
        "odd-keys": closed(
            **{"first name": _TEXT, "$id-like": _NUMBER, "a/b~c": _NUMBER, 'q"': _TEXT}
        ),
        "many-members": closed(**{f"field_{n:02}": _NUMBER for n in range(20)}),
        "deep": closed(a=closed(b=closed(c=closed(d=closed(e=_NUMBER))))),
        "anything": closed(value={}, id=_NUMBER),
        "review": {
            "$defs": {
                "Severity": {"enum": ["info", "warning", "error"], "type": "string"},
                "Remark": closed(
                    2,
                    line={"type": "integer", "minimum": 1},
                    severity={"$ref": "#/$defs/Severity"},
                    fix={"anyOf": [{"type": "string"}, {"type": "null"}]},
                ),
            },
            "title": "Review",
            **closed(
                summary={"type": "string", "maxLength": 200},
                remarks={
                    "type": "array",
                    "items": {"$ref": "#/$defs/Remark"},
                    "maxItems": 2,
                },
                approved={"type": "boolean"},
            ),
        },
    }
)


def _composed() -> Iterator[tuple[str, Json]]:
    for frame, build in FRAMES.items():
        for leaf, schema in LEAVES.items():
            yield f"{frame}-{leaf}", build(schema)
    yield from WRITTEN.items()


@cache
def corpus() -> Mapping[str, Json]:
    """Return the schemas by name: every leaf in every frame, then those by hand."""
    return MappingProxyType(dict(_composed()))
