"""The contract checks of apidog-cli: a schema for each answer that is whole JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from contract.exporters.base import Source
from contract.exporters.openapi_document import described
from contract.exporters.steps import Step

Node = Any
_COMPONENT = re.compile(r"^#/components/schemas/")
_PARAMETER = re.compile(r"\{[^}]+\}")


def response_definitions(
    source: Source, steps: Iterable[Step]
) -> tuple[Mapping[str, Node], Mapping[str, Node]]:
    """
    Return the definition of the response by the id of a step, and all schemas by name.

    apidog-cli fails a step whose response departs from its definition, which no test
    has to ask. There is none for streams, because it reads JSON only, for steps that
    expect an error, and where the profile waives a requirement of the family schema.
    """
    if any(key.startswith("schema.") for key in source.profile.waivers):
        return {}, {}
    document = described(source)
    found: dict[str, Node] = {}
    for step in steps:
        schema = _schema_of(document, step)
        if schema is not None:
            found[step.id] = {
                "code": int(HTTPStatus.OK),
                "contentType": "json",
                "jsonSchema": _adapted(schema),
            }
    schemas = {
        name: _adapted(schema)
        for name, schema in document["components"]["schemas"].items()
    }
    used: dict[str, Node] = {}
    _collect(list(found.values()), schemas, used)
    return found, used


def _schema_of(document: Mapping[str, Any], step: Step) -> Node | None:
    """Return the schema of the JSON with which a server answers *step*, if any."""
    if step.probe.stream or not step.expects_answer or step.request.method == "HEAD":
        return None
    path = step.request.path.partition("?")[0]
    operations: Mapping[str, Any] = next(
        (
            operations
            for place, operations in document["paths"].items()
            if re.fullmatch(_PARAMETER.sub("[^/]+", place), path)
        ),
        {},
    )
    response = operations.get(step.request.method.lower(), {}).get("responses", {})
    media = response.get(str(int(HTTPStatus.OK)), {}).get("content", {})
    schema: Node | None = media.get("application/json", {}).get("schema")
    return schema


def _adapted(node: Node) -> Node:
    """Return a schema as apidog-cli reads it: other references, items everywhere."""
    if isinstance(node, list):
        return [_adapted(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _adapted(value) for key, value in node.items()}
    if isinstance(found.get("$ref"), str):
        found["$ref"] = _COMPONENT.sub("#/definitions/", found["$ref"])
    if found.get("type") == "array":
        found.setdefault("items", {})
    return found


def _collect(node: Node, schemas: Mapping[str, Node], used: dict[str, Node]) -> None:
    """Add to *used* the schemas that *node* refers to, directly or not."""
    if isinstance(node, list):
        for one in node:
            _collect(one, schemas, used)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix("#/definitions/")
        if name in schemas and name not in used:
            used[name] = schemas[name]
            _collect(schemas[name], schemas, used)
        for one in node.values():
            _collect(one, schemas, used)
