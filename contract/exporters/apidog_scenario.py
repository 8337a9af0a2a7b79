"""
Scenarios that `apidog run FILE` runs offline, `*.apidog-cli.json`.

There is no description of the format; this is what apidog-cli 2.2.9 reads. It is a
Postman collection with one scenario, in which each step has an id and a kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contract.exporters.base import Source
from contract.exporters.postman_collection import (
    Item,
    name,
    shared,
    stable_id,
    variables,
)

# Older clients refuse a newer version, newer clients read this one.
VERSION = "1.1"


def scenario(
    source: Source,
    title: str,
    items: Iterable[Item],
    definitions: Mapping[str, Any] | None = None,
    schemas: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """
    Return the file of one scenario named *title* with *items* as its steps.

    *definitions* are those of responses by the id of an item, and *schemas* those that
    they refer to, by name (`apidog_contract.response_definitions`).

    A file has one scenario: the client counts the steps of the first one only.
    """
    folder = name(source)
    known = definitions or {}
    steps = [step(each, known.get(each.get("id", ""))) for each in items]
    return {
        "apidogCli": VERSION,
        "info": {"name": title, "folderName": folder},
        "item": [
            {
                "id": stable_id(f"scenario {title}"),
                "name": title,
                "item": steps,
            }
        ],
        "environment": {
            "id": 1,
            "name": folder,
            "variable": {
                "values": [
                    {"key": each["key"], "value": each["value"]}
                    for each in [*variables(source), *shared(steps)]
                ]
            },
        },
        "globals": {"variable": {"values": []}},
        "dataSchemas": dict(schemas or {}),
        "projectOptions": {
            "responseValidateApiTest": 1,
            "validateHttpStatusCode": bool(known),
            "validateBodyDataStructure": bool(known),
            "validateObjectAllowAdditionalProperties": True,
        },
        "ciRunningOptions": {},
        "reportExtra": {},
        "isTestFlowControl": False,
    }


def step(item: Item, definition: Any = None) -> Item:
    """
    Return a request of a collection as a step; without an id JUnit is empty.

    *definition* is what its response must be, if it is known.
    """
    number = item.get("id") or stable_id(item["name"])
    return {
        **({"responseDefinition": definition} if definition is not None else {}),
        "id": number,
        "name": item["name"],
        "type": "http",
        "metaInfo": {"id": number, "type": "http"},
        "request": item["request"],
        "event": item.get("event", []),
        "response": [],
    }
