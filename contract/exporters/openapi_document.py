"""The OpenAPI 3.1 document of one dialect, with the examples of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contract.exporters.base import Source
from contract.exporters.recorded import Recorded, recorded
from contract.model.exchange import EVENT_STREAM
from contract.schema.openapi import standalone

_JSON = "application/json"


def described(source: Source) -> dict[str, Any]:
    """
    Return the document of the dialect of *source*; its server is that of *source*.

    The extensions are those that Apidog reads: the order of properties, and the values
    of an enumeration. If there is a run, its exchanges are named examples of requests
    and responses, those of failed checks first.
    """
    dialect = source.profile.dialect
    paths = dialect.paths | {dialect.path}
    document: Any = standalone(dialect.id, dialect.prefix, paths)
    document["info"]["description"] = (
        f"The part of openapi.yaml that describes the dialect {dialect.id}. Written "
        "by `magistral-contract export`."
    )
    document["servers"] = [
        {"url": source.base_url, "description": "The server under test"}
    ]
    for schema in _schemas(document["components"]["schemas"]):
        _extend(schema)
    for example in recorded(source):
        _add(document, example)
    return dict(document)


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema at any depth; what only looks like one does no harm."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), str | list) or "$ref" in node:
            yield node
        for value in list(node.values()):
            yield from _schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from _schemas(value)


def _extend(schema: dict[str, Any]) -> None:
    if schema.get("type") == "array":
        # Apidog takes the items of an array without `items` for texts.
        schema.setdefault("items", {})
    if isinstance(properties := schema.get("properties"), dict):
        schema["x-apidog-orders"] = list(properties)
    if isinstance(values := schema.get("enum"), list):
        schema["x-apidog-enum"] = [
            {"value": value, "name": "", "description": ""} for value in values
        ]


def _add(document: dict[str, Any], example: Recorded) -> None:
    """Add one exchange to the operation it was sent to, where that is described."""
    operation = document["paths"].get(example.path, {}).get(example.method.lower())
    if operation is None:
        return
    if example.request is not None:
        body = operation.get("requestBody", {}).get("content", {}).get(_JSON)
        if body is not None:
            examples = body.setdefault("examples", {})
            examples[example.key] = {
                "summary": example.name,
                "value": example.request,
            }
    response = operation["responses"].get(str(example.status))
    if response is None:
        return
    if "$ref" in response:
        # An example belongs to this operation, and the response is shared.
        response = json.loads(json.dumps(_resolved(document, response["$ref"])))
        operation["responses"][str(example.status)] = response
    media = EVENT_STREAM if example.streamed else _JSON
    content = response.get("content", {}).get(media)
    if content is not None:
        content.setdefault("examples", {})[example.key] = {
            "summary": example.name,
            "description": example.description,
            "value": example.response,
        }


def _resolved(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node
