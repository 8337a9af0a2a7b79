"""The schemas accept recorded messages, and reject them with a single change."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from support.each import each
from support.every import EVERY

from contract.catalog.providers import dialects
from contract.errors import SpecError
from contract.schema import openapi

ROOT = Path(__file__).resolve().parents[2]
CHAT, MODELS = "/v1/chat/completions", "/v1/models"
PREFIXES = {
    "mistral-2025-10": "Mistral202510",
    "mistral-2026-08": "Mistral202608",
    "mistral-2026-10": "Mistral202610",
    "vllm-0.11": "Vllm011",
    "vllm-0.12": "Vllm012",
    "vllm-0.16": "Vllm016",
    "llamacpp": "Llamacpp",
    "transformers": "Transformers",
    "inline": "Inline",
}
SHAPED = {dialect.prefix for dialect in dialects().values()}
USER = {"role": "user", "content": "Hello"}


class Sample(NamedTuple):
    """A JSON value, the schema it must satisfy, and where it comes from."""

    dialect: str
    schema: str
    value: Any
    origin: str


def payloads(stream: str) -> list[Any]:
    """Return the JSON payloads of a recorded stream, without its `[DONE]`."""
    data = re.findall(r"^data: (.*)$", stream, flags=re.MULTILINE)
    return [json.loads(text) for text in data if text != "[DONE]"]


def body(response: dict[str, Any]) -> tuple[str, str]:
    """Return (media type, text) of a recorded response."""
    headers = dict(response["headers"])
    text = "".join(text for _, text in response["arrivals"])
    return headers.get("content-type", "").partition(";")[0], text


@cache
def exchanges() -> dict[str, Any]:
    """Return every recorded exchange, by folder and name."""
    files = sorted((ROOT / "fixtures/exchanges").glob("recorded-*/*.json"))
    return {
        f"{file.parent.name}/{file.stem}": json.loads(file.read_text(encoding="utf-8"))
        for file in files
    }


def recorded() -> Iterator[Sample]:
    """Yield the recorded answers of real engines."""
    for origin, saved in exchanges().items():
        dialect, path = saved["profile"], saved["request"]["path"]
        prefix, status = PREFIXES[dialect], saved["response"]["status"]
        kind, text = body(saved["response"])
        if kind == "text/event-stream":
            for value in payloads(text):
                yield Sample(dialect, prefix + "ChatEvent", value, origin)
        elif status != 200:
            value = json.loads(text) if kind == "application/json" else text
            yield Sample(dialect, prefix + "Error", value, origin)
        elif path == CHAT:
            yield Sample(dialect, prefix + "ChatResponse", json.loads(text), origin)
        elif path == MODELS:
            models = json.loads(text)
            yield Sample(dialect, prefix + "ModelList", models, origin)
            for value in models["data"]:
                yield Sample(dialect, prefix + "Model", value, origin)


def exemplary() -> Iterator[Sample]:
    """Yield the examples of the document, also for dialects without recordings."""
    document: Any = openapi.document()
    named = document["components"]["examples"]
    chat = document["paths"][CHAT]["post"]["responses"]
    groups = {
        "ChatResponse": [chat["200"]["content"]["application/json"]],
        "ChatEvent": [chat["200"]["content"]["text/event-stream"]],
        "Error": [
            media
            for response in document["components"]["responses"].values()
            for media in response["content"].values()
        ],
        "ModelList": [
            document["paths"][MODELS]["get"]["responses"]["200"]["content"][
                "application/json"
            ]
        ],
    }
    for own, medias in groups.items():
        for media in medias:
            for name, example in media["examples"].items():
                value = named[example["$ref"].rpartition("/")[2]]["value"]
                dialect = next(d for d in PREFIXES if name.startswith(d))
                family = re.match("[a-z]+", dialect)
                # The error examples of a provider apply to each of its dialects.
                for sibling, prefix in PREFIXES.items():
                    same = sibling == dialect
                    if same or (own == "Error" and sibling.startswith(family[0])):
                        for each in payloads(value) if own == "ChatEvent" else [value]:
                            yield Sample(sibling, prefix + own, each, name)


SAMPLES = [*recorded(), *exemplary()]


def distinct(samples: list[Sample]) -> list[Sample]:
    """Return one sample of each shape: same schema, properties and types of values."""

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return tuple(sorted((k, shape(v)) for k, v in value.items()))
        if isinstance(value, list):
            return ("list", *sorted({repr(shape(v)) for v in value}))
        return type(value).__name__

    return list({(s.schema, repr(shape(s.value))): s for s in samples}.values())


# ------------------------------------------------------------------------ valid values


def test_acceptor_is_the_same_for_each_name_and_never_raises():
    accepts = openapi.acceptor("Vllm016ChatEvent")

    assert accepts is openapi.acceptor("Vllm016ChatEvent")
    for value in (None, {}, {"id": "\ud800"}, {"created": 2**80}, float("nan")):
        assert accepts(value) is openapi.accepts("Vllm016ChatEvent", value) is False


@each("origin", sorted({s.origin for s in SAMPLES}))
def test_recorded_and_exemplary_messages_are_accepted(origin):
    samples = [s for s in SAMPLES if s.origin == origin]
    found = [v for s in samples for v in openapi.schema_errors(s.schema, s.value)]

    assert samples
    assert found == []


def test_there_are_samples_of_every_kind():
    kinds = {(s.dialect, s.schema.removeprefix(PREFIXES[s.dialect])) for s in SAMPLES}

    for dialect in PREFIXES:
        assert (dialect, "ChatResponse") in kinds
        assert (dialect, "ChatEvent") in kinds
    for dialect in ("vllm-0.16", "llamacpp", "transformers", "mistral-2026-08"):
        assert (dialect, "Error") in kinds
        assert (dialect, "ModelList") in kinds


@pytest.mark.parametrize("dialect", PREFIXES)
def test_added_properties_are_accepted(dialect):
    grown = [
        (s.schema, s.value | {"x_new_in_some_version": [1]})
        for s in distinct([s for s in SAMPLES if s.dialect == dialect])
        if isinstance(s.value, dict)
    ]

    assert len(grown) > 5
    assert all(openapi.accepts(schema, value) for schema, value in grown)


# ---------------------------------------------------------------------- invalid values


class Mutant(NamedTuple):
    """A value with one mistake in it, and the description of the mistake."""

    value: Any
    mistake: str


WRONG = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "?",
    "array": [],
    "object": {},
}


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Return a validator for a schema given as JSON text."""
    document: Any = openapi.document()
    return jsonschema_rs.Draft202012Validator(
        json.loads(schema) | {"components": document["components"]}
    )


def fits(schema: Any, value: Any) -> bool:
    return validator(json.dumps(schema)).is_valid(value)


def target(schema: dict[str, Any]) -> Any:
    document: Any = openapi.document()
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def applied(schema: Any, value: Any) -> Iterator[dict[str, Any]]:
    """Yield the plain schemas that apply to a value, through references and unions."""
    if "$ref" in schema:
        yield from applied(target(schema), value)
    for part in schema.get("allOf", ()):
        yield from applied(part, value)
    for union in ("anyOf", "oneOf"):
        for branch in schema.get(union, ()):
            if fits(branch, value):
                yield from applied(branch, value)
    if "if" in schema and fits(schema["if"], value):
        yield from applied(schema.get("then", {}), value)
    yield schema


def kinds(schema: Any) -> set[str]:
    """Return the JSON types that a schema allows."""
    allowed = set(WRONG)
    if "$ref" in schema:
        allowed &= kinds(target(schema))
    if "type" in schema:
        named = schema["type"]
        allowed &= {named} if isinstance(named, str) else set(named)
    for part in schema.get("allOf", ()):
        allowed &= kinds(part)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            allowed &= set().union(*(kinds(branch) for branch in schema[union]))
    return allowed | ({"integer"} if "number" in allowed else set())


class Place(NamedTuple):
    """A place in a value: the declared schemas, and the plain ones that apply."""

    path: list[str | int]
    given: list[Any]
    plain: list[Any]


def places(schema: Any, value: Any) -> Iterator[Place]:
    """Yield every place of a value that has a schema."""
    waiting: list[tuple[list[str | int], Any, list[Any]]] = [([], value, [schema])]
    while waiting:
        path, current, schemas = waiting.pop()
        plain = [p for s in schemas for p in applied(s, current)]
        yield Place(path, schemas, plain)
        items: Any = current.items() if isinstance(current, dict) else []
        if isinstance(current, list):
            items = enumerate(current)
        for key, child in items:
            if isinstance(current, list):
                inner = [p["items"] for p in plain if "items" in p]
            else:
                inner = [
                    p["properties"][key]
                    for p in plain
                    if key in p.get("properties", {})
                ]
            if inner:
                waiting.append(([*path, key], child, inner))


def changed(value: Any, path: list[str | int], new: Any = KeyError) -> Any:
    """Return a copy with another value at a place, or without that place."""
    if not path:
        return new
    mutant = copy.deepcopy(value)
    holder = mutant
    for key in path[:-1]:
        holder = holder[key]
    if new is KeyError:
        del holder[path[-1]]
    else:
        holder[path[-1]] = new
    return mutant


def at(value: Any, path: list[str | int]) -> Any:
    for key in path:
        value = value[key]
    return value


def mutants(schema: Any, value: Any) -> Iterator[Mutant]:
    """Yield copies with a required property missing, or one value of a wrong type."""
    for path, given_schemas, plain in places(schema, value):
        place = "/".join(map(str, path)) or "the whole"
        old = at(value, path)
        for name in sorted({n for p in plain for n in p.get("required", ())}):
            if name in old:
                yield Mutant(changed(value, [*path, name]), f"{place} has no {name}")
        allowed = set.intersection(*(kinds(s) for s in given_schemas))
        for kind in WRONG.keys() - allowed:
            yield Mutant(changed(value, path, WRONG[kind]), f"{place} is {kind}")
        if any("const" in p or "enum" in p for p in plain) and isinstance(old, str):
            yield Mutant(changed(value, path, old + "?"), f"{place} is another word")


# Mutants that happen to be another form of the same provider's errors.
OTHER_FORMS = {
    ("MistralError", "message is string"),  # plain text is its older 400
    ("LlamacppError", "error/type is another word"),  # token counts of another error
}


@pytest.mark.parametrize("dialect", PREFIXES)
def test_one_mistake_is_enough_to_be_rejected(dialect):
    tried, survivors = 0, []
    for sample in distinct([s for s in SAMPLES if s.dialect == dialect]):
        name = {"$ref": f"#/components/schemas/{sample.schema}"}
        for mutant in mutants(name, sample.value):
            family = re.sub(r"\d+", "", sample.schema)
            if (family, mutant.mistake) in OTHER_FORMS:
                continue
            tried += 1
            if openapi.accepts(sample.schema, mutant.value):
                survivors.append(f"{sample.schema} {sample.origin}: {mutant.mistake}")

    assert survivors == [], "\n".join(survivors)
    assert tried > 500, tried


def without_nulls(value: Any) -> Any:
    """Return the value as gateways forward it; two nulls have a meaning and stay."""
    if isinstance(value, dict):
        return {
            name: without_nulls(entry)
            for name, entry in value.items()
            if entry is not None or name in {"content", "finish_reason"}
        }
    return list(map(without_nulls, value)) if isinstance(value, list) else value


@pytest.mark.parametrize("dialect", PREFIXES)
def test_omitted_nulls_are_accepted(dialect):
    samples = [s for s in distinct(SAMPLES) if s.dialect == dialect]
    rejected = {
        f"{s.schema} {s.origin}"
        for s in samples
        if not openapi.accepts(s.schema, without_nulls(s.value))
    }

    assert samples
    assert rejected == set()


@pytest.mark.parametrize("dialect", PREFIXES)
@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_fields_are_typed_but_neither_required_nor_forbidden(dialect, field):
    name = PREFIXES[dialect] + "ChatResponse"
    answer = copy.deepcopy(next(s.value for s in SAMPLES if s.schema == name))
    message = answer["choices"][0]["message"]
    for other in ("reasoning", "reasoning_content"):
        message.pop(other, None)
    typed = not dialect.startswith("mistral") and (
        field == "reasoning_content"
        or dialect in {*PREFIXES} - {"llamacpp", "transformers"}
    )

    assert openapi.accepts(name, answer)
    message[field] = "some reasoning"
    assert openapi.accepts(name, answer)
    message[field] = ["some", "reasoning"]
    assert openapi.accepts(name, answer) != typed


@pytest.mark.parametrize("prefix", PREFIXES.values())
@pytest.mark.parametrize(
    "value",
    [
        "[DONE]",
        {"error": {"message": "m", "type": "t", "param": None, "code": 500}},
        {},
    ],
    ids=["done", "error", "empty"],
)
def test_other_payloads_are_not_chunks(prefix, value):
    assert not openapi.accepts(prefix + "ChatEvent", value)


# ---------------------------------------------------------------------------- requests


@each(
    "origin",
    [
        origin
        for origin, saved in exchanges().items()
        if saved["request"]["path"] == CHAT
        and saved["response"]["status"] == 200
        and "body" in saved["request"]
        # `inline` was recorded from engines of other dialects.
        and saved["profile"] != "inline"
    ],
)
def test_requests_that_an_engine_served_are_accepted(origin):
    saved = exchanges()[origin]
    name = PREFIXES[saved["profile"]] + "ChatRequest"

    assert openapi.schema_errors(name, saved["request"]["body"]) == ()


def rejected_by_schema() -> list[str]:
    """Return recorded requests that an engine's own schema rejected, by its error."""
    marks = {
        "vllm-0.16": '"type":"Bad Request","param":"body.',
        "llamacpp": "type must be",
        "transformers": "Unexpected fields",
    }
    return [
        origin
        for origin, saved in exchanges().items()
        if saved["request"]["path"] == CHAT
        and "body" in saved["request"]
        and marks.get(saved["profile"], "never") in body(saved["response"])[1]
    ]


@pytest.mark.parametrize("origin", rejected_by_schema())
def test_requests_that_an_engine_found_malformed_are_rejected(origin):
    saved = exchanges()[origin]
    name = PREFIXES[saved["profile"]] + "ChatRequest"

    assert not openapi.accepts(name, saved["request"]["body"])


def test_there_are_malformed_requests_of_several_engines():
    folders = {origin.partition("/")[0] for origin in rejected_by_schema()}

    assert len(rejected_by_schema()) > 15
    assert len(folders) >= 3


THINK_LIST = {"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}
THINK_TEXT = {"type": "thinking", "thinking": "t", "closed": True}
PICTURE = "data:image/png;base64,AAAA"
ALL = set(PREFIXES)
MISTRAL = {"mistral-2025-10", "mistral-2026-08", "mistral-2026-10"}
VLLM = {"vllm-0.11", "vllm-0.12", "vllm-0.16", "inline"}


@each(
    ("change", "accepting"),
    [
        pytest.param({}, ALL, id="a question"),
        pytest.param({"messages": []}, {"llamacpp"}, id="no messages"),
        pytest.param({"messages": None}, set(), id="null messages"),
        pytest.param(
            {"messages": [{"role": "wizard", "content": "x"}]}, set(), id="role"
        ),
        pytest.param(
            {"messages": [{"role": "developer", "content": "x"}]},
            {"llamacpp"},
            id="developer",
        ),
        pytest.param({"model": None}, ALL - MISTRAL, id="null model"),
        pytest.param({"temperature": 0}, ALL, id="temperature 0"),
        pytest.param({"temperature": 1.5}, ALL, id="temperature 1.5"),
        pytest.param({"temperature": 1.6}, ALL - MISTRAL, id="temperature 1.6"),
        pytest.param(
            {"temperature": 2.1},
            {"vllm-0.11", "vllm-0.12", "llamacpp", "transformers"},
            id="temperature 2.1",
        ),
        pytest.param({"temperature": -1}, {"llamacpp"}, id="temperature -1"),
        pytest.param({"temperature": "hot"}, set(), id="temperature hot"),
        pytest.param({"temperature": True}, VLLM, id="temperature true"),
        pytest.param(
            {"top_p": 0}, {"mistral-2025-10", "llamacpp", "transformers"}, id="top_p 0"
        ),
        pytest.param({"top_p": 1.5}, {"llamacpp", "transformers"}, id="top_p 1.5"),
        pytest.param({"max_tokens": 0}, {*MISTRAL, "llamacpp"}, id="max_tokens 0"),
        pytest.param({"max_tokens": "12"}, VLLM, id="max_tokens as text"),
        pytest.param(
            {"max_tokens": 1.5}, {"llamacpp", "transformers"}, id="max_tokens 1.5"
        ),
        pytest.param({"n": 0}, {"transformers"}, id="n 0"),
        pytest.param({"stop": 5}, {"llamacpp"}, id="stop 5"),
        pytest.param({"stop": [""]}, ALL - VLLM, id="empty stop"),
        pytest.param({"stop": list("abcde")}, ALL - VLLM, id="five stops"),
        pytest.param({"stream": "maybe"}, set(), id="stream maybe"),
        pytest.param({"seed": 7}, ALL - MISTRAL, id="seed"),
        pytest.param({"random_seed": 7}, ALL - {"transformers"}, id="random_seed"),
        pytest.param({"unheard_of": 1}, {*VLLM, "llamacpp"}, id="unknown field"),
        pytest.param(
            {"max_completion_tokens": 9}, ALL - MISTRAL, id="max_completion_tokens"
        ),
        pytest.param(
            {"stream": True, "stream_options": {"include_usage": True}},
            ALL - MISTRAL | {"mistral-2026-10"},
            id="stream_options",
        ),
        pytest.param(
            {"prompt_mode": "reasoning"}, ALL - {"transformers"}, id="prompt_mode"
        ),
        pytest.param(
            {"prompt_mode": "bogus"}, {*VLLM, "llamacpp"}, id="bogus prompt_mode"
        ),
        pytest.param(
            {"reasoning_effort": "high"},
            ALL - {"mistral-2025-10"},
            id="reasoning_effort high",
        ),
        pytest.param(
            {"reasoning_effort": "none"},
            ALL - {"mistral-2025-10", "vllm-0.11", "vllm-0.12"},
            id="reasoning_effort none",
        ),
        pytest.param({"metadata": {}}, ALL - {"mistral-2025-10"}, id="metadata"),
        pytest.param({"tools": []}, ALL - VLLM, id="no tools"),
        pytest.param(
            {"tool_choice": "any"}, {*MISTRAL, "transformers"}, id="tool_choice any"
        ),
        pytest.param({"tool_choice": "required"}, ALL, id="tool_choice required"),
        pytest.param(
            {"response_format": {"type": "bogus"}},
            {"transformers"},
            id="response_format",
        ),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
            {"llamacpp", "transformers"},
            id="json_schema without a name",
        ),
        pytest.param(
            {"messages": [{"role": "system", "content": [THINK_LIST]}, USER]},
            {*MISTRAL, "transformers"},
            id="thinking as a list",
        ),
        pytest.param(
            {"messages": [{"role": "system", "content": [THINK_TEXT]}, USER]},
            {*VLLM, "transformers"},
            id="thinking as text",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": [THINK_TEXT]}]},
            {"transformers"},
            id="thinking of a user",
        ),
        pytest.param(
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": PICTURE}}
                        ],
                    }
                ]
            },
            ALL,
            id="picture in an object",
        ),
        pytest.param(
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": PICTURE}],
                    }
                ]
            },
            {*MISTRAL, "transformers"},
            id="picture in a string",
        ),
        pytest.param(
            {"messages": [USER, {"role": "assistant", "content": "A", "prefix": True}]},
            ALL,
            id="prefix",
        ),
        pytest.param(
            {
                "messages": [
                    USER,
                    {"role": "assistant", "content": "A", "reasoning": "t"},
                    USER,
                ]
            },
            ALL - MISTRAL,
            id="reasoning in the history",
        ),
        pytest.param(
            {"messages": [{"role": "user"}]}, {"transformers"}, id="no content"
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": None}]},
            ALL - VLLM,
            id="null content",
        ),
    ],
)
def test_each_dialect_accepts_what_its_server_accepts(change, accepting):
    request = {"model": "m", "messages": [USER]} | change
    verdicts = {
        dialect
        for dialect, prefix in PREFIXES.items()
        if openapi.accepts(prefix + "ChatRequest", request)
    }

    assert accepting == verdicts


# ---------------------------------------------------------------------------- reasons

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
NAMES = sorted(p + own for p in PREFIXES.values() for own in openapi.UNIONS.values())


@st.composite
def nearly_right(draw: Any) -> tuple[str, Any]:
    """Draw the name of a schema and a valid value with one place overwritten."""
    sample = draw(st.sampled_from(SAMPLES))
    name = {"$ref": f"#/components/schemas/{sample.schema}"}
    spots = [place.path for place in places(name, sample.value)]
    return sample.schema, changed(
        sample.value, draw(st.sampled_from(spots)), draw(JSON)
    )


@settings(deadline=None, max_examples=60)
@given(name=st.sampled_from(NAMES), value=JSON)
def test_verdict_and_reasons_agree_for_any_value(name, value):
    assert openapi.accepts(name, value) == (openapi.schema_errors(name, value) == ())


@settings(deadline=None, max_examples=60)
@given(case=nearly_right())
def test_verdict_and_reasons_agree_for_nearly_valid_values(case):
    name, value = case

    assert openapi.accepts(name, value) == (openapi.schema_errors(name, value) == ())


# ---------------------------------------------------------------------------- the file


def test_an_unknown_schema_is_reported_with_similar_names():
    with pytest.raises(SpecError, match="Mistral202608ChatRequest"):
        openapi.schema("Mistral2026ChatRequest")


@each("name", NAMES)
def test_a_schema_is_self_contained(name):
    alone: Any = openapi.schema(name)

    assert jsonschema_rs.meta.is_valid(alone)
    assert "components" not in json.dumps(alone)
    assert jsonschema_rs.validator_for(alone)


@pytest.mark.parametrize(("dialect", "prefix"), PREFIXES.items())
def test_a_narrowed_document_holds_one_dialect(dialect, prefix):
    narrow: Any = openapi.for_dialect(dialect, prefix)
    chat = narrow["paths"][CHAT]["post"]
    names = chat["requestBody"]["content"]["application/json"]["examples"]

    assert narrow["components"]["schemas"]["ErrorBody"]["$ref"].endswith(
        prefix + "Error"
    )
    assert all(name.startswith(dialect) for name in names)


def test_a_narrowed_document_is_valid_openapi():
    narrow: Any = openapi.for_dialect("llamacpp", "Llamacpp")

    assert list(OpenAPIV31SpecValidator(narrow).iter_errors()) == []


def test_a_server_tokenizes_alike_for_each_of_its_surfaces():
    chats: Any = openapi.for_dialect("llamacpp", "Llamacpp")
    items: Any = openapi.for_dialect("llamacpp-responses", "LlamacppResponses")

    for name in ("TokenizeRequest", "TokenizeResponse"):
        found = items["components"]["schemas"][name]
        assert found == chats["components"]["schemas"][name]
        assert "Vllm" not in json.dumps(found)


@EVERY
def test_a_standalone_document_is_valid_and_holds_what_it_needs(dialect):
    alone: Any = openapi.standalone(
        dialect.id, dialect.prefix, dialect.paths | {dialect.path}
    )
    text = json.dumps(alone)
    named = {
        f"#/components/{kind}/{name}"
        for kind, values in alone["components"].items()
        for name in values
        if kind != "securitySchemes"
    }

    assert list(OpenAPIV31SpecValidator(alone).iter_errors()) == []
    assert set(alone["paths"]) == dialect.paths | {dialect.path}
    assert set(re.findall(r'"\$ref": "(#/components/[^"]+)"', text)) == named
    answers = [n for n in alone["components"]["schemas"] if n.endswith("ChatResponse")]
    assert {dialect.prefix + "ChatResponse"} == {
        name
        for name in answers
        if name.removesuffix("ChatResponse") in SHAPED | {dialect.prefix}
    }
    assert yaml.safe_load(openapi.as_yaml(alone)) == alone


def test_narrowing_does_not_change_the_document():
    before = json.dumps(openapi.document())
    openapi.for_dialect("inline", "Inline")

    assert before == json.dumps(openapi.document())


@pytest.mark.parametrize("dialect", dialects().values(), ids=lambda one: one.id)
def test_no_schema_of_chunks_constrains_the_text(dialect):
    assert openapi.is_blind_to_text(f"{dialect.prefix}ChatEvent")


@pytest.mark.parametrize(
    "constraint",
    [{"pattern": "a"}, {"type": "string", "minLength": 2}, {"anyOf": [{"enum": [""]}]}],
    ids=["pattern", "length", "nested"],
)
def test_a_schema_that_constrains_the_text_is_noticed(monkeypatch, constraint):
    chunk = {"properties": {"delta": {"$ref": "#/$defs/Delta"}}}
    definitions = {"Chunk": chunk, "Delta": {"properties": {"content": constraint}}}
    monkeypatch.setattr(openapi, "schema", lambda _: {"$defs": definitions})

    assert not openapi.is_blind_to_text.__wrapped__("Chunk")
