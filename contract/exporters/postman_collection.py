"""The Postman collection v2.1, which Postman, newman and Apidog read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from contract.exporters.base import Source, to_bytes
from contract.exporters.each_language import TITLE, language_steps
from contract.exporters.steps import (
    API_KEY,
    BASE_URL,
    MODEL,
    Step,
    Steps,
    exchanges_of,
    pretty,
)
from contract.exporters.verdict_steps import TOKEN as VERDICTS_TOKEN
from contract.exporters.verdict_steps import URL as VERDICTS_URL
from contract.exporters.verdict_steps import verdict_items
from contract.model.check import Check
from contract.model.exchange import Exchange
from contract.model.wire import Request
from contract.portable import VARIABLE as PRELUDE
from contract.portable import prelude

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
VERDICTS = "http://127.0.0.1:8700"  # where `serve --verdicts` listens
# The variables that hold secrets; they have no value in any file.
SECRET = frozenset({API_KEY, VERDICTS_TOKEN})
# The bytes of one saved response, and the number of those of one request.
MOST_SAVED, MOST_RESPONSES = 64 * 2**10, 4

Item = dict[str, Any]


def collection(source: Source, steps: Steps) -> Mapping[str, Any]:
    """
    Return the collection: a folder per family with its requests and tests.

    The key is a variable without a value.
    """
    folders = [
        {
            "name": family,
            "item": [item(source, step) for step in steps.of(family)],
        }
        for family in steps.families
    ]
    return _collection(
        source,
        name(source),
        f"The chat contract of {source.profile.id}. Each test is a check of "
        "magistral-contract: its id, then its requirement. The variable "
        f"{API_KEY} has no value; set it where you run the collection. The tests share "
        f"the code in the variable {PRELUDE}.",
        folders,
        shared(folders),
    )


def language_collection(source: Source) -> dict[str, bytes]:
    """Return the file of the requests that a data file repeats; {} without any."""
    items = [item(source, step) for step in language_steps(source)]
    if not items:
        return {}
    title = f"{name(source)}, each language"
    about = "Run it with the data file: newman run FILE -d data/languages.csv."
    made = _collection(
        source, title, about, [{"name": TITLE, "item": items}], shared(items)
    )
    return {f"{TITLE}.postman.json": to_bytes(made)}


def verdict_collection(source: Source) -> Mapping[str, Any]:
    """Return a collection that asks a verdict server about each check."""
    families: dict[str, list[Check]] = {}
    for check in source.checks:
        families.setdefault(check.family, []).append(check)
    return _collection(
        source,
        f"{name(source)}, verdicts",
        "The verdict of every check of magistral-contract, one request each. Start "
        f"`magistral-contract serve --verdicts` first, at {VERDICTS_URL}.",
        [
            {"name": family, "item": verdict_items(checks)}
            for family, checks in sorted(families.items())
        ],
    )


def _collection(
    source: Source,
    title: str,
    description: str,
    items: list[Item],
    further: Iterable[Mapping[str, str]] = (),
) -> Mapping[str, Any]:
    return {
        "info": {
            "_postman_id": stable_id(title),
            "name": title,
            "description": description,
            "schema": SCHEMA,
        },
        "item": items,
        "variable": [*variables(source), *further],
    }


def name(source: Source) -> str:
    """Return the name of everything that is exported for one profile."""
    return f"Magistral contract, {source.profile.id}"


def stable_id(text: str) -> str:
    """Return a UUID that is the same for the same *text*."""
    return str(uuid5(NAMESPACE_URL, f"magistral-contract:{text}"))


def variables(source: Source) -> list[dict[str, str]]:
    """Return the variables with their values; that of the key is empty."""
    return [
        {"key": BASE_URL, "value": source.base_url, "type": "string"},
        {"key": MODEL, "value": source.model, "type": "string"},
        {"key": API_KEY, "value": "", "type": "string"},
        {"key": VERDICTS_URL, "value": VERDICTS, "type": "string"},
        {"key": VERDICTS_TOKEN, "value": "", "type": "string"},
    ]


def shared(items: Iterable[Item]) -> list[dict[str, str]]:
    """
    Return the variable with the code that the scripts of *items* share, if any does.

    A script that has the code itself is thirty times as long. Postman's scripts of a
    folder do not run in apidog-cli, and Bruno runs those after the scripts of a
    request, so a variable is the one place that all clients read.
    """
    if PRELUDE not in json.dumps(list(items)):
        return []
    return [{"key": PRELUDE, "value": prelude(), "type": "string"}]


def environment(source: Source) -> Mapping[str, Any]:
    """Return an environment with the variables of the collection."""
    title = name(source)
    return {
        "id": stable_id(f"environment of {title}"),
        "name": title,
        "values": [
            {
                "key": each["key"],
                "value": each["value"],
                "type": "secret" if each["key"] in SECRET else "default",
                "enabled": True,
            }
            for each in variables(source)
        ],
        "_postman_variable_scope": "environment",
    }


def item(source: Source, step: Step) -> Item:
    """Return one request with its tests and the responses of a run."""
    return {
        "id": stable_id(step.id),
        "name": step.name,
        "event": [test_event(step.shared_script)],
        "request": {
            **request(step.request),
            "description": step.description,
        },
        "response": [
            saved_response(step, f"{outcome} {check.id}", exchange)
            for check, exchange, outcome in exchanges_of(source, step)[:MOST_RESPONSES]
        ],
    }


def test_event(lines: Iterable[str]) -> dict[str, Any]:
    """Return the event whose script tests a response."""
    return {
        "listen": "test",
        "script": {"type": "text/javascript", "exec": list(lines)},
    }


def request(built: Request) -> dict[str, Any]:
    """Return a request of which parts may be variables."""
    path, _, query = built.path.partition("?")
    url: dict[str, Any] = {
        "raw": f"{{{{{BASE_URL}}}}}{built.path}",
        "host": [f"{{{{{BASE_URL}}}}}"],
        "path": path.removeprefix("/").split("/"),
    }
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        url["query"] = [{"key": key, "value": value} for key, value in pairs]
    found: dict[str, Any] = {
        "method": built.method,
        "header": [{"key": key, "value": value} for key, value in built.headers],
        "url": url,
    }
    if built.body:
        found["body"] = {
            "mode": "raw",
            "raw": built.body.decode(),
            "options": {"raw": {"language": "json"}},
        }
    return found


def saved_response(step: Step, title: str, exchange: Exchange) -> dict[str, Any]:
    """Return a recorded response, as Postman keeps one beside its request."""
    status = exchange.status or 0
    return {
        "id": stable_id(f"{step.id} {title} {exchange.probe.sample}"),
        "name": title,
        "originalRequest": request(step.request),
        "status": reason_phrase(status),
        "code": status,
        "_postman_previewlanguage": "text" if exchange.streamed else "json",
        "header": [{"key": key, "value": value} for key, value in exchange.headers],
        "cookie": [],
        "responseTime": round(exchange.elapsed * 1_000),
        "body": shown_body(exchange),
    }


def reason_phrase(status: int) -> str:
    """Return the usual phrase of a *status*; "no response" for 0."""
    if not status:
        return "no response"
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else str(status)


def shown_body(exchange: Exchange) -> str:
    """Return the body of a response; of a long one the beginning, and where to look."""
    if exchange.size > MOST_SAVED:
        start = exchange.body[:MOST_SAVED].decode(errors="ignore")
        return f"{start}\n… {exchange.size:,} bytes in all; the recording has them"
    return exchange.text if exchange.streamed else pretty(exchange.text)
