"""The requests for an answer in a form: which form, streamed or whole, with what."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import (
    Json,
    Options,
    Patch,
    Probe,
    freeze,
)
from contract.model.probes import (
    MAX_TOKENS,
    TOOL_WHOLE,
    user,
)

_ASKED = (user("What is 6 times 7? Answer in JSON."),)
CUT = 4  # tokens: neither a thought nor a document is complete


def schema(name: str, document: Json, *, strict: bool | None = True) -> str:
    """A response format (JSON text) that asks to fit *document*."""
    holder: dict[str, Json] = {"name": name, "schema": document}
    if strict is not None:
        holder["strict"] = strict
    return freeze({"type": "json_schema", "json_schema": holder})


def closed(**members: Json) -> dict[str, Json]:
    """The schema of an object with these members, all required, and no other."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def asking(name: str, response_format: str, *, stream: bool = False) -> Probe:
    """The question with a response format."""
    return Probe(
        name=name,
        messages=_ASKED,
        options=Options(
            max_tokens=MAX_TOKENS,
            temperature=0.0,
            seed=7,
            response_format=response_format,
        ),
        stream=stream,
    )


OBJECT = asking("json-object-streamed", '{"type":"json_object"}', stream=True)
OBJECT_WHOLE = replace(OBJECT, name="json-object-whole", stream=False)

ANSWER = closed(answer={"type": "integer"}, sure={"type": "boolean"})
SCHEMA = asking("json-schema-streamed", schema("answer", ANSWER), stream=True)
SCHEMA_WHOLE = replace(SCHEMA, name="json-schema-whole", stream=False)
LOOSE_WHOLE = asking("json-schema-loose-whole", schema("loose", ANSWER, strict=None))

COLOURS = ["red", "green", "blue"]
ENUM_WHOLE = asking(
    "json-schema-enum-whole",
    schema("enum", closed(colour={"type": "string", "enum": [*COLOURS]})),
)
NESTED_WHOLE = asking(
    "json-schema-nested-whole",
    schema(
        "nested",
        closed(outer=closed(inner=closed(deep={"type": "integer"}))),
    ),
)
LEAST, MOST = 2, 3
LIST_WHOLE = asking(
    "json-schema-list-whole",
    schema(
        "list",
        closed(
            numbers={
                "type": "array",
                "items": {"type": "integer"},
                "minItems": LEAST,
                "maxItems": MOST,
            }
        ),
    ),
)
# Latin with accents, CJK, and a character beyond the basic plane.
KEYS = ("größe", "名前", "🎲")
_NUMBERS: dict[str, Json] = {key: {"type": "integer"} for key in KEYS}
UNICODE_WHOLE = asking(
    "json-schema-unicode-whole", schema("unicode", closed(**_NUMBERS))
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

# Cheap, in case that they are answered after all.
_BRIEF = replace(
    SCHEMA_WHOLE, options=replace(SCHEMA_WHOLE.options, max_tokens=16), reasons=False
)
INVALID = replace(
    _BRIEF,
    name="json-schema-invalid",
    options=replace(
        _BRIEF.options, response_format=schema("invalid", {"type": "nonsense"})
    ),
)
NAMELESS = replace(
    _BRIEF,
    name="json-schema-nameless",
    patches=(Patch("nameless", "/response_format/json_schema/name"),),
)
