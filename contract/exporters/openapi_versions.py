"""
One OpenAPI document in other versions: 3.0 for older tools, 3.2 for streams.

What 3.0 cannot say is left out or widened, never narrowed: whatever the document of
3.1 accepts, that of 3.0 accepts, too.

Sources: OpenAPI 3.0.3 "Schema Object" and its clarification of `nullable`, OpenAPI
3.2.0 "Media Type Object" (`itemSchema`), JSON Schema 2020-12.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from contract.errors import SpecError
from contract.model.exchange import EVENT_STREAM

Node = Any  # JSON of any shape
VERSIONS = ("3.0", "3.1", "3.2")
# Keywords of JSON Schema 2020-12 that 3.0 lacks; without them a schema accepts more.
_UNKNOWN_IN_3_0 = frozenset(
    {
        *("$schema", "$id", "$comment", "$anchor", "$defs"),
        *("contentMediaType", "contentEncoding", "contentSchema"),
        *("if", "then", "else", "dependentRequired", "dependentSchemas"),
        *("contains", "minContains", "maxContains", "propertyNames"),
        *("unevaluatedProperties", "unevaluatedItems", "examples"),
    }
)
_NULL = {"type": "string", "nullable": True, "enum": [None]}
# Schema of a stream -> schema of its events, which a media type of 3.2 names.
_EVENTS = {
    "ChatEventStream": "ChatEventStreamItem",
    "ResponsesEventStream": "ResponsesEventStreamItem",
}


def in_version(document: Mapping[str, Any], version: str) -> dict[str, Any]:
    """
    Return an OpenAPI 3.1 *document* in another *version*, one of `VERSIONS`.

    Usage: `in_version(standalone(…), "3.0")`. Raises `SpecError` for another version.
    """
    changed = copy.deepcopy(dict(document))
    if version == "3.0":
        return _as_3_0(changed)
    if version == "3.1":
        return changed
    if version == "3.2":
        return _as_3_2(changed)
    raise SpecError(f"OpenAPI {version} is not one of {', '.join(VERSIONS)}.")


def _as_3_2(document: dict[str, Any]) -> dict[str, Any]:
    """Describe streams by their events: `itemSchema` instead of a text or an event."""
    document["openapi"] = "3.2.0"
    schemas = document["components"]["schemas"]

    def describe(media: dict[str, Any]) -> None:
        home, _, name = media.get("schema", {}).get("$ref", "").rpartition("/")
        if name in _EVENTS:
            media["itemSchema"] = {"$ref": f"{home}/{_EVENTS[name]}"}
            del media["schema"]

    _each_stream(document, describe)
    for stream in _EVENTS:
        if not _mentions({**document, "components": {}}, stream):
            schemas.pop(stream, None)
    return document


def _each_stream(node: Node, change: Callable[[dict[str, Any]], None]) -> None:
    if isinstance(node, dict):
        content = node.get("content")
        if isinstance(content, dict) and isinstance(content.get(EVENT_STREAM), dict):
            change(content[EVENT_STREAM])
        for value in node.values():
            _each_stream(value, change)
    elif isinstance(node, list):
        for value in node:
            _each_stream(value, change)


def _mentions(node: Node, name: str) -> bool:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.rpartition("/")[2] == name:
            return True
        return any(_mentions(value, name) for value in node.values())
    return isinstance(node, list) and any(_mentions(value, name) for value in node)


def _as_3_0(document: dict[str, Any]) -> dict[str, Any]:
    document["openapi"] = "3.0.3"
    document.pop("jsonSchemaDialect", None)
    document.pop("webhooks", None)
    info = document["info"]
    if summary := info.pop("summary", ""):
        info["description"] = f"{summary}\n\n{info.get('description', '')}".strip()
    info.get("license", {}).pop("identifier", None)
    components = document["components"]
    components.pop("pathItems", None)
    schemas = components.get("schemas", {})
    for name in schemas:
        schemas[name] = schema_3_0(schemas[name])
    for place in (document["paths"], components):
        _convert_schemas(place)
    return document


def _convert_schemas(node: Node) -> None:
    """Convert the schemas of parameters, headers and media types, in place."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema" and isinstance(value, dict):
                node[key] = schema_3_0(value)
            elif key not in {"schemas", "example", "examples", "value"}:
                _convert_schemas(value)
    elif isinstance(node, list):
        for value in node:
            _convert_schemas(value)


def schema_3_0(schema: Node) -> dict[str, Any]:
    """Return a JSON Schema 2020-12 as a Schema Object of OpenAPI 3.0."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    if "$ref" in schema and len(schema) > 1:
        # In 3.0 what stands beside a reference is ignored.
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {"allOf": [{"$ref": schema["$ref"]}], **schema_3_0(beside)}
    found = {k: v for k, v in schema.items() if k not in _UNKNOWN_IN_3_0}
    if examples := schema.get("examples"):
        found.setdefault("example", examples[0])
    _without_const(found)
    _without_patterns(found)
    _without_tuples(found)
    _bounds(found)
    for key in found.keys() & {"allOf", "anyOf", "oneOf"}:
        found[key] = [schema_3_0(one) for one in found[key]]
    for key in found.keys() & {"items", "not"}:
        found[key] = schema_3_0(found[key])
    if "properties" in found:
        properties = found["properties"].items()
        found["properties"] = {name: schema_3_0(one) for name, one in properties}
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = schema_3_0(found["additionalProperties"])
    return _without_type_lists(found)


def _without_const(found: dict[str, Any]) -> None:
    if "const" in found:
        found["enum"] = [found.pop("const")]


def _without_patterns(found: dict[str, Any]) -> None:
    """Let a property that a pattern names be anything; 3.0 has no patterns."""
    if found.pop("patternProperties", None) is not None:
        found["additionalProperties"] = True


def _without_tuples(found: dict[str, Any]) -> None:
    """Make the items of a tuple alternatives of every place."""
    if (places := found.pop("prefixItems", None)) is not None:
        rest = found.get("items")
        further = [] if rest is False else [{} if rest is None else rest]
        found["items"] = {"anyOf": [*places, *further]}


def _bounds(found: dict[str, Any]) -> None:
    """Spell exclusive bounds as in JSON Schema draft 4: a number and a flag."""
    for exclusive, bound, nearer in (
        ("exclusiveMinimum", "minimum", max),
        ("exclusiveMaximum", "maximum", min),
    ):
        limit = found.get(exclusive)
        if isinstance(limit, bool) or limit is None:
            continue
        other = found.get(bound, limit)
        found[bound] = nearer(limit, other)
        if found[bound] == limit:
            found[exclusive] = True
        else:
            del found[exclusive]


def _without_type_lists(found: dict[str, Any]) -> dict[str, Any]:
    """Spell several types as alternatives, and null as `nullable` beside a type."""
    kinds = found.get("type")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds or ())
    others = [kind for kind in kinds if kind != "null"]
    null = len(others) < len(kinds)
    if len(others) == 1:
        found["type"] = others[0]
        if null:
            found["nullable"] = True
        if others[0] == "array":
            found.setdefault("items", {})
    elif kinds:
        rest = {key: value for key, value in found.items() if key != "type"}
        branches: list[dict[str, Any]] = [_of_type(kind) for kind in others]
        branches += [dict(_NULL)] if null else []
        found = {"anyOf": branches} if len(branches) > 1 else branches[0]
        if rest:
            found = {"allOf": [found, rest]}
    elif None in found.get("enum", ()):
        # An enumeration without a type allows null by itself only in 3.1.
        values = [value for value in found["enum"] if value is not None]
        rest = {key: value for key, value in found.items() if key != "enum"}
        alternatives: list[dict[str, Any]] = [dict(_NULL)]
        alternatives += [{"enum": values}] if values else []
        found = {**rest, "anyOf": alternatives} if "anyOf" not in rest else rest
    return found


def _of_type(kind: str) -> dict[str, Any]:
    return {"type": kind, "items": {}} if kind == "array" else {"type": kind}
