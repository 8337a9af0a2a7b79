"""Requests with a response_format."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.structured.document import (
    EVERYTHING,
    STREAMED_SCHEMAS,
    satisfies_schema,
)
from contract.model.chat import Json, Options, freeze
from contract.model.check import Combined, Findings
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import MAX_TOKENS, TOOL_WHOLE, user
from contract.model.profile import Capability, Profile

_QUESTION = (user("What is 6 times 7? Answer in JSON."),)
CUT = 4  # tokens: too few for complete reasoning or a complete document


def schema_format(name: str, schema: Json, *, strict: bool | None = True) -> str:
    """
    Return a response_format of type json_schema, as JSON text.

    Args:
        name: The name of the schema.
        schema: The JSON Schema.
        strict: The value of `strict`; None leaves the member out.

    """
    holder: dict[str, Json] = {"name": name, "schema": schema}
    if strict is not None:
        holder["strict"] = strict
    return freeze({"type": "json_schema", "json_schema": holder})


def closed_object(**members: Json) -> dict[str, Json]:
    """Return the schema of an object with exactly these members, all required."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def formatted(name: str, response_format: str, *, stream: bool = False) -> Probe:
    """
    Return a request for an answer in a response format.

    Args:
        name: The name of the probe.
        response_format: The value of response_format, as JSON text.
        stream: Whether the answer is streamed.

    """
    return Probe(
        name=name,
        messages=_QUESTION,
        options=Options(
            max_tokens=MAX_TOKENS,
            temperature=0.0,
            seed=7,
            response_format=response_format,
        ),
        stream=stream,
    )


def _satisfied(*exchanges: Exchange) -> Findings:
    yield from satisfies_schema(*exchanges)


def _obeys_none(profile: Profile) -> bool:
    return "tool-choice-ignored" not in profile.tolerates


OBJECT = formatted("json-object-streamed", '{"type":"json_object"}', stream=True)
OBJECT_WHOLE = replace(OBJECT, name="json-object-whole", stream=False)

ANSWER = closed_object(answer={"type": "integer"}, sure={"type": "boolean"})
SCHEMA = formatted("json-schema-streamed", schema_format("answer", ANSWER), stream=True)
SCHEMA_WHOLE = replace(SCHEMA, name="json-schema-whole", stream=False)
UNFORMATTED = replace(
    SCHEMA_WHOLE,
    name="json-asked-for-in-words",
    options=replace(SCHEMA_WHOLE.options, response_format=None),
)
LOOSE_WHOLE = formatted(
    "json-schema-loose-whole", schema_format("loose", ANSWER, strict=None)
)

COLOURS = ["red", "green", "blue"]
ENUM_WHOLE = formatted(
    "json-schema-enum-whole",
    schema_format("enum", closed_object(colour={"type": "string", "enum": [*COLOURS]})),
)
NESTED_WHOLE = formatted(
    "json-schema-nested-whole",
    schema_format(
        "nested",
        closed_object(
            outer=closed_object(inner=closed_object(deep={"type": "integer"}))
        ),
    ),
)
MIN_ITEMS, MAX_ITEMS = 2, 3
LIST_WHOLE = formatted(
    "json-schema-list-whole",
    schema_format(
        "list",
        closed_object(
            numbers={
                "type": "array",
                "items": {"type": "integer"},
                "minItems": MIN_ITEMS,
                "maxItems": MAX_ITEMS,
            }
        ),
    ),
)
# Latin with accents, CJK, and a character beyond the basic plane.
KEYS = ("größe", "名前", "🎲")
_NUMBERS: dict[str, Json] = {key: {"type": "integer"} for key in KEYS}
UNICODE_WHOLE = formatted(
    "json-schema-unicode-whole", schema_format("unicode", closed_object(**_NUMBERS))
)

CUT_WHOLE = replace(
    SCHEMA_WHOLE,
    name="json-schema-cut-whole",
    options=replace(SCHEMA_WHOLE.options, max_tokens=CUT),
)
CUT_STREAMED = replace(CUT_WHOLE, name="json-schema-cut-streamed", stream=True)

WITH_TOOLS = replace(
    TOOL_WHOLE,
    name="json-schema-with-tools-whole",
    options=replace(TOOL_WHOLE.options, response_format=SCHEMA.options.response_format),
)
WITH_IDLE_TOOLS = replace(
    SCHEMA_WHOLE,
    name="json-schema-with-idle-tools-whole",
    options=replace(
        SCHEMA_WHOLE.options, tools=TOOL_WHOLE.options.tools, tool_choice="none"
    ),
)

LOOSE_WITH_IDLE_TOOLS = replace(
    WITH_IDLE_TOOLS,
    name="json-schema-loose-with-idle-tools-whole",
    options=replace(
        WITH_IDLE_TOOLS.options, response_format=LOOSE_WHOLE.options.response_format
    ),
)
LOOSE_AT_ONCE = Combined(
    sends=(LOOSE_WITH_IDLE_TOOLS,),
    judge=_satisfied,
    needs=frozenset({Capability.TOOLS}),
    where=_obeys_none,
)

PLAIN = Probe(
    name="no-response-format-whole",
    messages=(user("What is 6 times 7? Answer with one short sentence."),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
)
TEXT = replace(
    PLAIN,
    name="response-format-text-whole",
    options=replace(PLAIN.options, response_format='{"type":"text"}'),
)

# Invalid requests, with a small limit in case a server answers them.
_BRIEF = replace(
    SCHEMA_WHOLE, options=replace(SCHEMA_WHOLE.options, max_tokens=16), reasons=False
)
INVALID = replace(
    _BRIEF,
    name="json-schema-invalid",
    options=replace(
        _BRIEF.options, response_format=schema_format("invalid", {"type": "nonsense"})
    ),
)
NAMELESS = replace(
    _BRIEF,
    name="json-schema-nameless",
    patches=(Patch("nameless", "/response_format/json_schema/name"),),
)

# What libraries write and what schemas demand, in one: a reference at the root and
# below, null as an alternative, an enum, nesting, bounds, keys in any script.
_EVERYTHING: dict[str, Json] = {
    "$defs": {
        "Point": closed_object(x={"type": "integer"}, y={"type": "integer"}),
        "All": closed_object(
            start={"$ref": "#/$defs/Point"},
            end={"$ref": "#/$defs/Point"},
            note={"anyOf": [{"type": "string"}, {"type": "null"}]},
            unit={"type": ["string", "null"], "enum": ["metre", "second", None]},
            rows={
                "type": "array",
                "items": closed_object(
                    name={"type": "string"}, count={"type": "integer"}
                ),
                "minItems": 1,
                "maxItems": 2,
            },
            colour={"type": "string", "enum": [*COLOURS]},
            outer=closed_object(inner=closed_object(deep={"type": "integer"})),
            numbers={
                "type": "array",
                "items": {"type": "integer"},
                "minItems": MIN_ITEMS,
                "maxItems": MAX_ITEMS,
            },
            **_NUMBERS,
        ),
    },
    "$ref": "#/$defs/All",
}
EVERYTHING_WHOLE = formatted(
    "json-schema-everything-whole", schema_format(EVERYTHING, _EVERYTHING)
)
EVERYTHING_STREAMED = replace(
    EVERYTHING_WHOLE, name="json-schema-everything-streamed", stream=True
)


ALL_AT_ONCE = Combined(
    sends=(EVERYTHING_WHOLE, EVERYTHING_STREAMED),
    judge=_satisfied,
    needs=STREAMED_SCHEMAS,
)
