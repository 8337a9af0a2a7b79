"""
The native project file of Apidog, `*.apidog.json`, the only one that brings scenarios.

Its parts are what `apidog cli-schema` of apidog-cli 2.2.9 describes; the frame around
them is that of projects that Apidog exports. An import matches endpoints by method and
path, and cases, scenarios and schemas by name, so a second import replaces the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from contract.exporters.base import Source
from contract.exporters.openapi_document import described
from contract.exporters.pages import Page
from contract.exporters.postman_collection import (
    SECRET,
    name,
    variables,
)
from contract.exporters.recorded import Recorded, recorded
from contract.exporters.steps import (
    API_KEY,
    Step,
    Steps,
    single_steps,
    smoke_steps,
)
from contract.model.exchange import EVENT_STREAM

Node = dict[str, Any]

TAG = "magistral"
_MODULE = 1
_JSON = "application/json"
_BEARER = {"type": "bearer", "bearer": {"token": f"{{{{{API_KEY}}}}}"}}
_OTHER_FOLDER = "Other requests"
# Apidog's categories of test cases, in its order; their ids are their places from 1.
CATEGORIES = ("Positive", "Negative", "Boundary", "Security", "Other")
# The category of each family; a family that is not listed is "Other".
CATEGORY_OF = {
    **dict.fromkeys(
        (
            *("combinations", "conversation", "headers", "languages", "latency"),
            *("models", "multimodal", "properties", "reasoning", "responses"),
            *("sampling", "schema", "streaming", "structured", "tools"),
            *("transport", "usage"),
        ),
        "Positive",
    ),
    "rejections": "Negative",
    "context": "Boundary",
    "isolation": "Security",
}
# Checks of any family that are about keys and access.
_SECURITY = re.compile(r"\b(key|keys|secret|secrets|ssrf|auth|credentials)\b")
# Lists of a project that an export of a contract leaves empty.
_EMPTY = (
    *("socketCollection", "webSocketCollection", "socketIOCollection"),
    *("mcpClientCollection", "responseCollection", "securitySchemeCollection"),
    *("oasComponentCollection", "requestCollection", "testCaseReferences"),
    *("commonScripts", "databaseConnections", "globalVariables", "customFunctions"),
    *("projectAssociations",),
)


def category(check_id: str) -> int:
    """Return the number of Apidog's category for the check with that id."""
    family, _, rest = check_id.partition(".")
    if _SECURITY.search(rest.replace("-", " ")):
        return 1 + CATEGORIES.index("Security")
    return 1 + CATEGORIES.index(CATEGORY_OF.get(family, "Other"))


def project(source: Source, steps: Steps, pages: Iterable[Page]) -> Mapping[str, Any]:
    """
    Return the project: endpoints with cases and examples, schemas, scenarios, pages.

    There is one endpoint case per portable check, named after it, and one scenario per
    family, and `smoke`. The environment has the variables of every export; secrets are
    empty and are not synchronised.
    """
    api = _Api(source)
    cases = single_steps(steps.steps, source.profile)
    tags = [TAG, *steps.families]
    for number, each in enumerate(cases, 1):
        endpoint = api.endpoint_of(each)
        endpoint.cases.append(
            {
                **_case(each, endpoint, 20_000 + number),
                "type": "TEST_CASE",
                "categoryId": category(each.name),
                "tagIds": [1 + tags.index(TAG), 1 + tags.index(each.family)],
                "apiTestDataList": [],
                "visibility": "INHERITED",
            }
        )
    scenarios = [("smoke", 0, smoke_steps(steps, source.profile))]
    scenarios += [(family, 1, steps.of(family)) for family in steps.families]
    listed = [
        _scenario(api, title, priority, 300 + number, chosen)
        for number, (title, priority, chosen) in enumerate(scenarios, 1)
    ]
    return {
        "apidogProject": "1.0.0",
        "$schema": {"app": "apidog", "type": "project", "version": "1.2.0"},
        "info": {
            "name": name(source),
            "description": f"Written by magistral-contract for {source.profile.id}.",
            "mockRule": {"rules": [], "enableSystemRule": True},
        },
        "projectSetting": _settings(),
        "apiCollection": [{**_root(1), "items": api.folders()}],
        "schemaCollection": [
            {
                "id": 3,
                "name": "Root",
                "visibility": "SHARED",
                "moduleId": _MODULE,
                "items": api.schemas(),
            }
        ],
        "apiTestCaseCollection": [
            {
                "id": 0,
                "name": "Root",
                "items": [],
                "children": [
                    {"id": 31, "name": name(source), "children": [], "items": listed}
                ],
            }
        ],
        "environments": [_environment(source)],
        "docCollection": [
            {
                "name": "Root",
                "moduleId": _MODULE,
                "children": [],
                "items": [_page(page, 51 + place) for place, page in enumerate(pages)],
            }
        ],
        "projectTestCaseCategories": [
            {"id": place, "name": each, "description": ""}
            for place, each in enumerate(CATEGORIES, 1)
        ],
        "projectTestCaseTags": [
            {"id": place, "name": each} for place, each in enumerate(tags, 1)
        ],
        "moduleSettings": [
            {
                "id": str(_MODULE),
                "name": name(source),
                "description": "",
                "moduleVariables": [],
                "openApiInfo": {},
            }
        ],
        **{each: [] for each in _EMPTY},
        "commonParameters": None,
    }


@dataclass
class _Endpoint:
    """One method and path, with what belongs to it."""

    id: int
    folder: str
    title: str
    method: str
    path: str
    description: str = ""
    request: Node | None = None
    requests: list[Node] = field(default_factory=list)
    responses: list[Node] = field(default_factory=list)
    examples: list[Node] = field(default_factory=list)
    cases: list[Node] = field(default_factory=list)
    status: str = "tested"

    def response_of(self, status: int, *, streamed: bool) -> int | None:
        """Return the id of the response with that status and kind; None if none."""
        kind = "eventStream" if streamed else "json"
        for each in self.responses:
            if each["code"] == status and each["contentType"] == kind:
                return int(each["id"])
        return None

    def to_json(self) -> Node:
        """Return the endpoint as an item of a folder."""
        body: Node = {"type": "none", "parameters": []}
        if self.request is not None:
            body = {
                "type": _JSON,
                "parameters": [],
                "jsonSchema": self.request,
                "mediaType": "",
                "required": True,
                "examples": self.requests,
                "oasExtensions": "",
            }
        return {
            "name": self.title,
            "api": {
                "id": str(self.id),
                "method": self.method,
                "path": self.path,
                "parameters": {
                    **_parameters(),
                    "path": [
                        {
                            "id": f"{each}#{place}",
                            "name": each,
                            "required": True,
                            "type": "string",
                            "description": "",
                        }
                        for place, each in enumerate(re.findall(r"{(\w+)}", self.path))
                    ],
                },
                "auth": _BEARER,
                "securityScheme": {},
                "commonParameters": _common(),
                "responses": self.responses,
                "responseExamples": self.examples,
                "requestBody": body,
                "description": self.description,
                "tags": [self.folder],
                "status": self.status,
                "serverId": "",
                "operationId": "",
                "sourceUrl": "",
                "ordering": self.id,
                "cases": self.cases,
                "mocks": [],
                "customApiFields": "{}",
                "advancedSettings": {"disabledSystemHeaders": {}},
                "mockScript": {},
                "codeSamples": [],
                "commonResponseStatus": {},
                "responseChildren": [f"BLANK.{each['id']}" for each in self.responses],
                "visibility": "INHERITED",
                "moduleId": _MODULE,
                "oasExtensions": "",
                "type": "http",
                **_processors(),
            },
        }


class _Api:
    """The endpoints and schemas of the document of a source."""

    def __init__(self, source: Source) -> None:
        self._document = described(source)
        names = self._document["components"]["schemas"]
        self._ids = {each: 101 + place for place, each in enumerate(names)}
        self.endpoints: list[_Endpoint] = []
        self._response = 1_000
        for path, operations in self._document["paths"].items():
            for method, operation in operations.items():
                if isinstance(operation, dict) and "responses" in operation:
                    self.endpoints.append(self._described(path, method, operation))
        for example in recorded(source):
            for endpoint in self.endpoints:
                if (endpoint.path, endpoint.method.upper()) == (
                    example.path,
                    example.method,
                ):
                    self._add_example(endpoint, example)

    def _add_example(self, endpoint: _Endpoint, example: Recorded) -> None:
        owner = endpoint.response_of(example.status, streamed=example.streamed)
        if owner is not None:
            number = 40_000 + len(endpoint.examples) + 1_000 * endpoint.id
            endpoint.examples.append(
                {
                    "id": number,
                    "name": example.name,
                    "data": _text(example.response),
                    "responseId": owner,
                    "ordering": len(endpoint.examples) + 1,
                    "description": example.description,
                    "oasKey": example.key,
                    "oasExtensions": "",
                }
            )

    def _described(self, path: str, method: str, operation: Node) -> _Endpoint:
        endpoint = _Endpoint(
            id=len(self.endpoints) + 1,
            folder=operation.get("x-apidog-folder") or _OTHER_FOLDER,
            title=operation.get("summary") or f"{method.upper()} {path}",
            method=method,
            path=path,
            description=operation.get("description", ""),
            status=operation.get("x-apidog-status", "tested"),
        )
        media = operation.get("requestBody", {}).get("content", {}).get(_JSON)
        if media is not None:
            endpoint.request = self._schema(media.get("schema", {}))
            endpoint.requests = [
                {
                    "name": key,
                    "value": _text(self._resolved(each).get("value")),
                    "mediaType": _JSON,
                    "description": self._resolved(each).get("summary", ""),
                }
                for key, each in media.get("examples", {}).items()
            ]
        for code, response in operation["responses"].items():
            endpoint.responses += self._responses(code, self._resolved(response))
        return endpoint

    def _responses(self, code: str, response: Node) -> Iterator[Node]:
        """Yield a response per media type; in Apidog each has one."""
        content = response.get("content", {})
        for media, described_as in content.items() or [(_JSON, {})]:
            kinds = {_JSON: "json", EVENT_STREAM: "eventStream"}
            self._response += 1
            streamed = media == EVENT_STREAM
            shape = {} if streamed else self._schema(described_as.get("schema", {}))
            title = response.get("description", "").partition(".")[0][:60]
            yield {
                "id": str(self._response),
                "code": int(code) if code.isdigit() else 0,
                "name": f"{title or code}{' (stream)' if streamed else ''}",
                "headers": [],
                "jsonSchema": shape,
                "description": response.get("description", ""),
                "contentType": kinds.get(media, "raw"),
                "mediaType": "",
            }

    def _resolved(self, node: Node) -> Node:
        found: Any = node
        while isinstance(found, dict) and "$ref" in found:
            steps = found["$ref"].removeprefix("#/").split("/")
            found = self._document
            for step in steps:
                found = found[step]
        return dict(found)

    def _schema(self, node: Any) -> Any:
        """Return a schema whose references are those of the project."""
        if isinstance(node, list):
            return [self._schema(each) for each in node]
        if not isinstance(node, dict):
            return node
        changed = {}
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                number = self._ids[value.rpartition("/")[2]]
                changed[key] = f"#/definitions/{number}"
            elif key == "discriminator" and isinstance(value, dict):
                continue  # its mapping repeats the constants of the branches
            else:
                changed[key] = self._schema(value)
        return changed

    def schemas(self) -> list[Node]:
        """Return the schemas as items of a folder."""
        known = self._document["components"]["schemas"]
        return [
            {
                "id": f"#/definitions/{number}",
                "name": each,
                "displayName": "",
                "description": known[each].get("description", ""),
                "schema": {"jsonSchema": self._schema(known[each])},
                "visibility": "INHERITED",
                "moduleId": _MODULE,
            }
            for each, number in self._ids.items()
        ]

    def endpoint_of(self, step: Step) -> _Endpoint:
        """Return the endpoint of a step; a new one if none is described."""
        method = step.request.method.lower()
        path = step.request.path.partition("?")[0]
        for endpoint in self.endpoints:
            if endpoint.method == method and _values(endpoint.path, path) is not None:
                return endpoint
        endpoint = _Endpoint(
            id=len(self.endpoints) + 1,
            folder=_OTHER_FOLDER,
            title=f"{step.request.method} {path}",
            method=method,
            path=path,
        )
        self.endpoints.append(endpoint)
        return endpoint

    def folders(self) -> list[Node]:
        """Return the folders of the endpoints, sorted."""
        return [
            {
                **_root(10 + place),
                "name": folder,
                "visibility": "INHERITED",
                "identityPattern": {
                    "httpApi": {"type": "inherit", "bodyType": "", "fields": []}
                },
                "items": [
                    endpoint.to_json()
                    for endpoint in self.endpoints
                    if endpoint.folder == folder
                ],
            }
            for place, folder in enumerate(sorted({e.folder for e in self.endpoints}))
        ]


def _values(template: str, path: str) -> dict[str, str] | None:
    """Return the values of the parameters of *template* in *path*; None: no match."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    found = re.fullmatch(pattern, path)
    return None if found is None else found.groupdict()


def _case(step: Step, endpoint: _Endpoint, number: int) -> Node:
    """Return the request of a step and its tests, as an endpoint case has them."""
    path, _, query = step.request.path.partition("?")
    headers = dict(step.request.headers)
    credentials = headers.pop("authorization", None)
    bearer = credentials == f"Bearer {{{{{API_KEY}}}}}"
    if credentials is not None and not bearer:
        headers["authorization"] = credentials
    body: Node = {"type": "none", "data": "", "parameters": []}
    if step.request.body:
        headers.pop("content-type", None)
        body = {"type": _JSON, "data": step.body, "parameters": []}
    processors = []
    if step.expects_answer:
        processors.append(_assert_status(200))
    processors.append(
        {
            "id": "contract",
            "type": "customScript",
            "defaultEnable": True,
            "enable": True,
            "data": "\n".join(step.script),
        }
    )
    found: Node = {
        "id": number,
        "name": step.name,
        "path": endpoint.path,
        "method": endpoint.method,
        "apiDetailId": endpoint.id,
        "parameters": {
            **_parameters(),
            "path": _pairs((_values(endpoint.path, path) or {}).items()),
            "query": _pairs(parse_qsl(query, keep_blank_values=True)),
            "header": _pairs(headers.items()),
        },
        "commonParameters": _common(),
        "requestBody": body,
        "auth": _BEARER if bearer else {"type": "noauth"},
        "securityScheme": {},
        "advancedSettings": {"disabledSystemHeaders": {}},
        "moduleId": _MODULE,
        **_processors(),
        "postProcessors": processors,
    }
    status = 200 if step.expects_answer else 0
    owner = endpoint.response_of(status, streamed=step.probe.stream)
    if owner is not None:
        found["responseId"] = owner
    return found


def _assert_status(status: int) -> Node:
    return {
        "id": "status",
        "type": "assertion",
        "defaultEnable": True,
        "enable": True,
        "data": {
            "name": f"status {status}",
            "subject": "httpCode",
            "comparison": "equal",
            "value": str(status),
            "path": "",
            "multipleValue": [],
            "extractSettings": {
                "expression": "",
                "continueExtractorSettings": {
                    "isContinueExtractValue": False,
                    "JsonArrayValueIndexValue": "",
                },
            },
        },
    }


def _scenario(
    api: _Api, title: str, priority: int, number: int, steps: Iterable[Step]
) -> Node:
    chosen = tuple(steps)
    checks = sum(len(step.checks) for step in chosen)
    return {
        "id": number,
        "name": f"Magistral contract: {title}",
        "description": f"{checks} checks in {len(chosen)} requests.",
        "priority": priority,
        "ordering": number,
        "tags": [TAG, title],
        "folderId": 31,
        "options": {"onError": "ignore", "saveReportDetail": "all"},
        "performanceTestOptions": {},
        "preProcessors": [],
        "postProcessors": [],
        "children": [],
        "apiTestDataSets": [],
        "steps": [
            _step(api, each, place, 1_000 * number + place)
            for place, each in enumerate(chosen, 1)
        ],
    }


def _step(api: _Api, step: Step, place: int, number: int) -> Node:
    endpoint = api.endpoint_of(step)
    return {
        "id": step.id,
        "name": step.name,
        "number": place,
        "type": "http",
        "bind": False,
        "disable": False,
        "bindType": "API",
        "bindId": endpoint.id,
        "syncMode": "MANUAL",
        "parameters": {},
        "httpApiCase": {
            **_case(step, endpoint, 1_000_000 + number),
            "type": "DEBUG_CASE",
            "apiId": endpoint.id,
            "projectId": 1,
            "inheritPreProcessorsSnapshot": [],
            "inheritPostProcessorsSnapshot": [],
        },
    }


def _environment(source: Source) -> Node:
    return {
        "id": "41",
        "name": "server under test",
        "variables": [
            {
                "name": each["key"],
                "value": each["value"],
                "initialValue": each["value"],
                "isBindInitial": each["key"] not in SECRET,
                "isSync": each["key"] not in SECRET,
                "description": "",
                **({"securityType": "secret"} if each["key"] in SECRET else {}),
            }
            for each in variables(source)
        ],
        "parameters": {"cookie": [], "query": [], "header": [], "body": []},
        "type": "normal",
        "visibility": "protected",
        "ordering": 10,
        "tags": [],
        "advancedSettings": {},
        "baseUrl": source.base_url,
        "baseUrls": {"default": source.base_url},
        "websocketBaseUrls": {},
        "socketioBaseUrls": {},
    }


def _settings() -> Node:
    return {
        "id": "1",
        "auth": {},
        "securityScheme": {},
        "gateway": [],
        "language": "en-US",
        "apiStatuses": ["developing", "testing", "tested", "released", "deprecated"],
        "mockSettings": {},
        "preProcessors": [],
        "postProcessors": [],
        "advancedSettings": {"responseValidate": True},
        "servers": [{"id": "default", "name": "Default", "moduleId": _MODULE}],
    }


def _root(number: int) -> Node:
    inherited = {"id": "inheritProcessors", "type": "inheritProcessors", "data": {}}
    return {
        "name": "Root",
        "id": number,
        "auth": {},
        "securityScheme": {},
        "parentId": 0,
        "serverId": "",
        "description": "",
        "identityPattern": {
            "httpApi": {"type": "methodAndPath", "bodyType": "", "fields": []}
        },
        "shareSettings": {},
        "visibility": "SHARED",
        "moduleId": _MODULE,
        **_processors(),
        "preProcessors": [inherited],
        "postProcessors": [inherited],
        "items": [],
    }


def _page(page: Page, number: int) -> Node:
    return {
        "id": number,
        "name": page.title,
        "sidebarTitle": "",
        "content": page.text,
        "folderId": 0,
        "type": "",
        "tags": [],
        "visibility": "SHARED",
        "moduleId": _MODULE,
    }


def _processors() -> Node:
    return {
        "preProcessors": [],
        "postProcessors": [],
        "inheritPreProcessors": {},
        "inheritPostProcessors": {},
    }


def _parameters() -> Node:
    return {"path": [], "query": [], "cookie": [], "header": []}


def _common() -> Node:
    return {"query": [], "body": [], "cookie": [], "header": []}


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[Node]:
    return [
        {"id": f"{each}#{place}", "name": each, "value": value, "enable": True}
        for place, (each, value) in enumerate(pairs)
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=1)
