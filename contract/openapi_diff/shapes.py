"""Equality of schemas, without what only describes them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from contract.openapi_diff.document import Ref

# Keywords that restrict no value.
ANNOTATIONS = frozenset(
    {
        *("title", "description", "example", "examples", "default", "deprecated"),
        *("$comment", "$id", "$schema", "$anchor", "externalDocs", "xml", "nullable"),
        *("discriminator", "readOnly", "writeOnly", "$defs", "definitions"),
        *("contentMediaType", "contentEncoding", "contentSchema"),
    }
)
# Keywords whose value is an object of schemas.
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})
# Keywords whose value is a schema or a list of schemas.
_SCHEMAS = frozenset(
    {
        *("items", "prefixItems", "contains", "additionalProperties", "propertyNames"),
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)


class Shape(NamedTuple):
    """What a schema says, and what it refers to."""

    digest: str
    references: frozenset[Ref]


class Shapes:
    """Shapes of the schemas of two documents, each computed once."""

    def __init__(self) -> None:
        # The schema is kept, so that its id stays its own.
        self._known: dict[int, tuple[Any, Shape]] = {}
        self._same: dict[tuple[int, str, int, str], bool] = {}

    def equal(self, one: Any, other: Any) -> bool:
        """Return whether two schemas are the same, with all that they refer to."""
        if one is other:
            return True
        mine, its = self.of(one), self.of(other)
        if mine.digest != its.digest:
            return False
        others = {str(reference): reference for reference in its.references}
        return all(
            self._same_targets(reference, others[str(reference)])
            for reference in mine.references
        )

    def _same_targets(self, one: Ref, other: Ref) -> bool:
        """Return whether all that two equal references lead to is the same."""
        if one.document is other.document:
            return True
        start = (id(one.document), str(one), id(other.document), str(other))
        if start in self._same:
            return self._same[start]
        waiting, seen = [(one, other)], {str(one)}
        same = True
        while waiting and same:
            mine, its = waiting.pop()
            left, right = self.of(mine.target()), self.of(its.target())
            same = left.digest == right.digest
            others = {str(reference): reference for reference in right.references}
            for reference in left.references if same else ():
                if str(reference) not in seen:
                    seen.add(str(reference))
                    waiting.append((reference, others[str(reference)]))
        if same:  # then so is whatever lies on the way
            for name in seen:
                self._same[id(one.document), name, id(other.document), name] = True
        self._same[start] = same
        return same

    def of(self, schema: Any) -> Shape:
        """Return the shape of *schema*."""
        if not isinstance(schema, dict):
            return Shape(f"{type(schema).__name__} {schema!r}", frozenset())
        known = self._known.get(id(schema))
        if known is None:
            known = schema, self._shape(schema)
            self._known[id(schema)] = known
        return known[1]

    def _shape(self, schema: dict[str, Any]) -> Shape:
        references: set[Ref] = set()
        parts: list[str] = []
        for key in sorted(schema):
            value = schema[key]
            if key in ANNOTATIONS or key.startswith("x-"):
                continue
            if key == "$ref" and isinstance(value, Ref):
                references.add(value)
                parts.append(f"$ref {json.dumps(value)}")
            elif key in _MAPS and isinstance(value, dict):
                for name in sorted(value):
                    part = self._part(value[name], references)
                    parts.append(f"{key} {json.dumps(name)} {part}")
                parts.append(f"{key} {len(value)}")
            elif key in _SCHEMAS:
                many = value if isinstance(value, list) else [value]
                listed = " ".join(self._part(one, references) for one in many)
                parts.append(f"{key} {type(value).__name__} [{listed}]")
            else:
                parts.append(f"{key} {_text(value)}")
        digest = hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()
        return Shape(digest, frozenset(references))

    def _part(self, schema: Any, references: set[Ref]) -> str:
        shape = self.of(schema)
        references |= shape.references
        return shape.digest


def _text(value: Any) -> str:
    """Return a value as text; in a list of scalars, the order does not matter."""
    if isinstance(value, list) and not any(isinstance(v, dict | list) for v in value):
        return json.dumps(sorted(map(json.dumps, value)))
    return json.dumps(value, sort_keys=True)
