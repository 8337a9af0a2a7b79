"""openapi.yaml is valid, keeps its house rules, and its examples are true."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator
from requests import Request
from schemathesis import openapi as from_document
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import JsonSchemaError
from support.each import each

from contract.catalog.providers import providers
from contract.cli.serve import serve_command
from contract.mock_server.provider import MockProvider, served_models
from contract.model.wire import Request as WireRequest
from contract.schema import openapi
from contract.targets.mock import mock_profile

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
DOCUMENT: Any = yaml.load(TEXT, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe
SCHEMAS = DOCUMENT["components"]["schemas"]
# A provider with schemas of its own is described in its folder, not in this file.
PREFIXES = {
    dialect.id: dialect.prefix
    for provider in providers().values()
    if not provider.schemas
    for dialect in provider.dialects
}
OWN = openapi.UNIONS | openapi.SURFACE_UNIONS
# The unions over the dialects of one surface, and the path of that surface.
CHAT_UNIONS = {"ChatRequest", "ChatResponse", "ChatEvent"}
SPELLED = {
    dialect.id: "/v1/chat/completions" if dialect.surface is None else dialect.path
    for provider in providers().values()
    for dialect in provider.dialects
}
OPERATIONS = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in {"get", "post"}
]


def dialect_of(name: str) -> str:
    """The dialect that the name of an example begins with."""
    return max((one for one in PREFIXES if name.startswith(one)), key=len)


def nodes(node: Any, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document outside its examples, with its address."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            if key not in {"example", "examples"}:
                yield from nodes(value, f"{place}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from nodes(item, f"{place}/{index}")


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    while "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def media_types() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media type object of every request and response, with its address."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post"}:
                bodies = {"request": operation.get("requestBody", {})}
                bodies |= operation["responses"]
                for status, body in bodies.items():
                    for kind, media in resolved(body).get("content", {}).items():
                        yield f"{method} {path} {status} {kind}", media


def request_examples() -> Iterator[Any]:
    """(path, dialect, name) of every example of a request."""
    for path, _, operation in OPERATIONS:
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for name in media["examples"]:
                dialect = dialect_of(name)
                yield pytest.param(path, dialect, name, id=f"{path} {name}")


def sent(dialect: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """Status and content type of the reply of a dialect's mock."""
    profile = mock_profile(dialect)
    mock = MockProvider(profile.dialect, models=served_models(profile.dialect))
    headers = (("content-type", "application/json"),)
    reply = mock.reply(WireRequest(method, path, headers, json.dumps(body).encode()))
    return reply.status, dict(reply.headers)["content-type"].partition(";")[0]


def own_schema(union: str, dialect: str) -> str:
    """A dialect's own variant of a union, or the schema itself when it is none."""
    return PREFIXES[dialect] + OWN[union] if union in OWN else union


def examples() -> Iterator[Any]:
    """(schema, value) of every example, for the dialect that its name begins with."""
    for place, media in media_types():
        union = media["schema"]["$ref"].rpartition("/")[2]
        for name, example in media.get("examples", {}).items():
            value = resolved(example)["value"]
            dialect = dialect_of(name)
            test_id = f"{place} {name}"
            yield pytest.param(union, value, id=f"{test_id} in general")
            if union in {"ChatEventStream", "ResponsesEventStream"}:
                typed = re.findall(r"(?m)^event: (.+)$", value)
                for number, data in enumerate(re.findall(r"(?m)^data: (.+)$", value)):
                    event_id = f"{test_id} event {number}"
                    item = {"event": typed[number]} if typed else {}
                    yield pytest.param(
                        union + "Item", {**item, "data": data}, id=f"{event_id}, framed"
                    )
                    if data != "[DONE]":
                        own = own_schema(union.removesuffix("Stream"), dialect)
                        yield pytest.param(own, json.loads(data), id=event_id)
            elif union in OWN:
                yield pytest.param(own_schema(union, dialect), value, id=test_id)


def recorded() -> Iterator[tuple[str, str, str]]:
    """(path, method, status) of every recorded exchange."""
    for file in sorted((ROOT / "fixtures/exchanges").glob("recorded-*/*.json")):
        saved = json.loads(file.read_text(encoding="utf-8"))
        request = saved["request"]
        path = re.sub(r"^/v1/models/.+", "/v1/models/{model}", request["path"])
        yield path, request["method"].lower(), str(saved["response"]["status"])


def test_the_document_is_valid_openapi():
    errors = [
        error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()
    ]

    assert errors == []


def test_the_document_uses_no_yaml_anchors():
    anchors = [
        token for token in yaml.scan(TEXT) if isinstance(token, yaml.AnchorToken)
    ]

    assert anchors == []


def test_the_document_is_ordered_for_reading():
    expected = ["openapi", "info", "servers", "security", "tags", "paths", "components"]

    assert expected == list(DOCUMENT)


def test_every_array_says_what_it_holds():
    def is_array(node: dict[str, Any]) -> bool:
        kind = node.get("type")
        return kind == "array" or (isinstance(kind, list) and "array" in kind)

    bare = [
        place
        for place, node in nodes(DOCUMENT)
        if is_array(node) and "items" not in node
    ]

    assert bare == []


@pytest.mark.parametrize(
    "keyword",
    ["prefixItems", "unevaluatedProperties", "unevaluatedItems", "dependentRequired",
     "dependentSchemas", "nullable", "$dynamicRef", "$anchor", "itemSchema"],
)  # fmt: skip
def test_keywords_that_import_tools_ignore_are_not_used(keyword):
    users = [place for place, node in nodes(DOCUMENT) if keyword in node]

    assert users == []


def test_every_keyword_is_one():
    """A comma in an unquoted description starts another member of a flow mapping."""
    strange = {
        (place, key)
        for place, node in nodes(DOCUMENT)
        for key, value in node.items()
        if value is None
    }

    assert strange == set()


def test_no_field_has_a_default():
    """openapi-typescript requires such a field, other generators send it unasked."""
    users = [place for place, node in nodes(SCHEMAS) if "default" in node]

    assert users == []


def test_every_object_says_what_it_holds():
    """In TypeScript an object without both cannot have any member."""
    bare = [
        place
        for place, node in nodes(SCHEMAS)
        if "object" in (node.get("type"), *node.get("type", ()))
        and not {"properties", "additionalProperties"} & set(node)
    ]

    assert bare == []


def test_values_that_differ_in_case_only_have_names():
    """A generator names the constant of each value in upper case."""
    enums = [
        (place, node.get("x-enum-varnames", node["enum"]))
        for place, node in nodes(SCHEMAS)
        if "enum" in node
    ]

    assert len(enums) > 10
    for place, values in enums:
        names = [str(value).upper() for value in values if value is not None]
        assert sorted(set(names)) == sorted(names), place


def test_every_reference_leads_somewhere():
    references = [node["$ref"] for _, node in nodes(DOCUMENT) if "$ref" in node]

    assert len(references) > 100
    for reference in references:
        assert reference.startswith("#/components/")
        assert resolved({"$ref": reference})


def test_every_schema_is_used_or_belongs_to_a_dialect():
    used = {
        node["$ref"].rpartition("/")[2] for _, node in nodes(DOCUMENT) if "$ref" in node
    }

    assert set() == set(SCHEMAS) - used


def test_every_schema_is_described_or_an_alias():
    silent = [
        n for n, s in SCHEMAS.items() if "description" not in s and set(s) != {"$ref"}
    ]

    assert silent == []


@pytest.mark.parametrize("dialect", PREFIXES)
def test_every_dialect_has_its_six_schemas(dialect):
    missing = [
        s for s in openapi.UNIONS.values() if PREFIXES[dialect] + s not in SCHEMAS
    ]

    assert missing == []


@pytest.mark.parametrize(("union", "own"), OWN.items())
def test_every_union_lists_every_dialect(union, own):
    listed = {branch["$ref"].rpartition("/")[2] for branch in SCHEMAS[union]["anyOf"]}
    spelled = {
        "/v1/chat/completions": CHAT_UNIONS,
        "/v1/responses": set(openapi.SURFACE_UNIONS),
    }
    others = (
        {path for path, unions in spelled.items() if union not in unions}
        if any(union in unions for unions in spelled.values())
        else set()
    )

    assert {
        prefix + own for name, prefix in PREFIXES.items() if SPELLED[name] not in others
    } == listed


@pytest.mark.parametrize("operation", [operation for _, _, operation in OPERATIONS])
def test_every_operation_is_documented(operation):
    tags = {tag["name"] for tag in DOCUMENT["tags"]}

    assert operation["operationId"].isidentifier()
    assert operation["summary"]
    assert operation["description"].strip().endswith(".")
    assert set(operation["tags"]) <= tags
    assert operation["x-apidog-folder"]
    assert operation["x-apidog-status"] == "released"


def test_operation_ids_are_unique():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert sorted(set(ids)) == sorted(ids)


@each(("name", "value"), list(examples()))
def test_examples_are_true(name, value):
    assert openapi.schema_errors(name, value) == ()


@each(("path", "dialect", "name"), list(request_examples()))
def test_the_mock_answers_every_request_example(path, dialect, name):
    operation = DOCUMENT["paths"][path]["post"]
    body = resolved(DOCUMENT["components"]["examples"][name])["value"]
    status, kind = sent(dialect, "POST", path, body)

    assert status == 200
    paired = {
        media_type
        for media_type, media in operation["responses"]["200"]["content"].items()
        if name in media["examples"]
    }
    assert paired <= {kind}


def test_every_answer_has_the_key_of_its_request():
    """Bruno, Postman and Prism pair them by the key."""
    for path, _, operation in OPERATIONS:
        requests = operation.get("requestBody", {}).get("content", {})
        answers = operation["responses"]["200"].get("content", {})
        asked = {name for media in requests.values() for name in media["examples"]}
        given = [name for media in answers.values() for name in media["examples"]]

        assert sorted(set(given)) == sorted(given), path
        assert not asked or set(given) <= asked, path


def test_the_default_mock_answers_what_tools_send_first():
    """The first example of the chat, and the model in the path."""
    default = next(p.default for p in serve_command.params if p.name == "dialect")
    chat = DOCUMENT["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]
    first = next(iter(chat["application/json"]["examples"].values()))
    (model,) = DOCUMENT["paths"]["/v1/models/{model}"]["parameters"]
    card = f"/v1/models/{model['example']}"
    body = resolved(first)["value"]

    assert sent(default, "POST", "/v1/chat/completions", body)[0] == 200
    assert sent(default, "GET", card)[0] == 200
    # Any other mock that serves this model, too.
    for dialect in PREFIXES:
        if SPELLED[dialect] != "/v1/chat/completions":
            continue
        if body["model"] in served_models(mock_profile(dialect).dialect):
            assert sent(dialect, "POST", "/v1/chat/completions", body)[0] == 200


@pytest.mark.parametrize("dialect", PREFIXES)
def test_every_dialect_has_an_example_of_request_answer_and_event(dialect):
    content = DOCUMENT["paths"][SPELLED[dialect]]["post"]
    kinds = [
        content["requestBody"]["content"]["application/json"],
        *content["responses"]["200"]["content"].values(),
    ]

    for kind in kinds:
        assert any(name.startswith(dialect) for name in kind["examples"])


@pytest.mark.parametrize(
    "capability",
    ["text", "thinking", "image", "tools", "json-schema", "stream", "prefix"],
)
def test_every_capability_has_an_example(capability):
    operation = DOCUMENT["paths"]["/v1/chat/completions"]["post"]
    names = operation["requestBody"]["content"]["application/json"]["examples"]

    for family in ("mistral", "vllm"):
        assert any(n.startswith(family) and n.endswith(capability) for n in names)


def test_every_error_status_has_an_example():
    silent = [
        name
        for name, response in DOCUMENT["components"]["responses"].items()
        if not any(media["examples"] for media in response["content"].values())
    ]

    assert silent == []


def test_every_recorded_status_is_declared():
    seen = set(recorded())
    declared = {
        (path, method, status)
        for path, method, operation in OPERATIONS
        for status in operation["responses"]
    }
    # A GET on the chat endpoint is no operation; its 405 or 404 is declared for POST.
    wrong_method = {
        (p, m, s) for p, m, s in seen if p.endswith("completions") and m == "get"
    }

    assert len(seen) > 10
    assert set() == seen - wrong_method - declared
    assert {"404", "405"} == {status for _, _, status in wrong_method}


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        pytest.param({"data": "[DONE]"}, True, id="done"),
        pytest.param({"event": "message", "data": "[DONE]"}, True, id="done, typed"),
        pytest.param({"event": "error", "data": "[DONE]"}, False, id="another type"),
        pytest.param({"data": {"id": 1}}, False, id="not text"),
        pytest.param({"event": "message"}, False, id="no data"),
    ],
)
def test_a_stream_item_is_an_event(event, verdict):
    assert verdict == openapi.accepts("ChatEventStreamItem", event)


STREAM = resolved({"$ref": "#/components/examples/vllm-0.16-stream-events"})["value"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        pytest.param(STREAM, True, id="as described"),
        pytest.param(STREAM.replace("delta", "detla"), False, id="misspelt"),
        pytest.param("data: hello\n\n", False, id="not JSON"),
        pytest.param('data: {"error": {"message": "m"}}\n\n', False, id="an error"),
    ],
)
def test_schemathesis_judges_each_event_of_a_stream(text, verdict):
    operation = from_document.from_dict(DOCUMENT)["/v1/chat/completions"]["POST"]
    response = Response(
        status_code=200,
        headers={"content-type": ["text/event-stream"]},
        content=text.encode(),
        request=Request("POST", "http://127.0.0.1/v1/chat/completions").prepare(),
        elapsed=0.1,
        verify=False,
    )

    if verdict:
        operation.validate_response(response)
    else:
        with pytest.raises(JsonSchemaError, match="SSE event violates schema"):
            operation.validate_response(response)
