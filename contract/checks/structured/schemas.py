"""Checks that an answer is JSON and satisfies the requested schema."""

from __future__ import annotations

from contract.checks.sources import MISTRAL_JSON, OPENAI_JSON, VLLM_JSON
from contract.checks.structured.document import (
    OBJECTS,
    SCHEMAS,
    STREAMED_SCHEMAS,
    asks_for,
    document,
    finished_documents,
    format_type,
    parse_json,
    reply_location,
    requested_schema,
    rewrite_answer,
    rewrite_document,
    satisfies_schema,
    schema_name,
)
from contract.checks.structured.probes import (
    ALL_AT_ONCE,
    ENUM_WHOLE,
    KEYS,
    LIST_WHOLE,
    LOOSE_AT_ONCE,
    LOOSE_WHOLE,
    MAX_ITEMS,
    NESTED_WHOLE,
    OBJECT,
    OBJECT_WHOLE,
    SCHEMA,
    SCHEMA_WHOLE,
    UNICODE_WHOLE,
)
from contract.model.chat import Json
from contract.model.check import (
    Check,
    Fault,
    Finding,
    Findings,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.reply import Reply
from contract.model.strict_json import MISSING
from contract.schema.validate import mismatch

DOCUMENTED = f"{MISTRAL_JSON}; {VLLM_JSON}"


@check(
    "structured.object-is-json",
    "An answer to response_format json_object MUST be one JSON object.",
    source=f"{MISTRAL_JSON}; {OPENAI_JSON}",
    sends=(OBJECT, OBJECT_WHOLE),
    needs=OBJECTS,
)
def object_is_json(*exchanges: Exchange) -> Findings:
    yield from satisfies_schema(*exchanges)


@fault(breaks=object_is_json)
def object_taken_as_text(reply: Reply) -> Reply:
    """A gateway drops the response format, so the model answers with a sentence."""
    if format_type(reply) != "json_object":
        return reply
    return rewrite_answer(reply, lambda _: "The answer is 42.")


@check(
    "structured.documents-are-json",
    "Every answer to a response_format for JSON MUST be JSON.",
    source=f"{MISTRAL_JSON}; {OPENAI_JSON}",
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS,
    every=Scope.ANSWERS,
)
def documents_are_json(exchange: Exchange) -> Findings:
    """Of a strict schema, the document must also be an instance."""
    wanted = exchange.sent.get("response_format")
    holder = wanted.get("json_schema") if isinstance(wanted, dict) else None
    strict = isinstance(holder, dict) and holder.get("strict") is True
    for text in finished_documents(exchange):
        value = parse_json(text)
        if text.lstrip().startswith("```"):
            continue  # `structured.no-fence` judges it
        if value is MISSING:
            yield Finding(
                "the answer is not JSON",
                expected="one JSON value",
                actual=shorten(text) or "no answer",
                at=reply_location(exchange),
            )
        elif strict and (reason := mismatch(requested_schema(exchange), value)):
            yield Finding(
                f"the answer does not satisfy the requested schema: {reason}",
                expected=shorten(requested_schema(exchange)),
                actual=shorten(text),
                at=reply_location(exchange),
            )


@fault(breaks=documents_are_json, also=("structured",))
def format_lost_on_the_way(reply: Reply) -> Reply:
    """A gateway drops the response_format, whatever its type."""
    if format_type(reply) is None:
        return reply
    return rewrite_answer(reply, lambda _: "The answer is 42.")


@check(
    "structured.schema-is-satisfied",
    "An answer to a strict json_schema MUST be JSON that satisfies the schema.",
    source=DOCUMENTED,
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS,
)
def schema_is_satisfied(*exchanges: Exchange) -> Findings:
    yield from satisfies_schema(*exchanges)


@fault(
    breaks=schema_is_satisfied,
    also=("structured.tools-leave-the-form", documents_are_json),
)
def schema_taken_as_a_hint(reply: Reply) -> Reply:
    """The schema is part of the prompt but not enforced: a number is sent as words."""

    def spell_number(value: dict[str, Json]) -> Json:
        return {**value, "answer": "forty-two"}

    applies = schema_name(reply) == "answer"
    return rewrite_document(reply, spell_number) if applies else reply


@check(
    "structured.loose-schema-is-satisfied",
    "An answer to a json_schema without strict SHOULD satisfy the schema.",
    source=f"{DOCUMENTED}; {OPENAI_JSON} (strict defaults to false)",
    sends=LOOSE_WHOLE,
    combined=LOOSE_AT_ONCE,
    needs=SCHEMAS,
)
def loose_schema_is_satisfied(exchange: Exchange) -> Findings:
    yield from satisfies_schema(exchange)


@fault(breaks=loose_schema_is_satisfied)
def loose_schema_dropped(reply: Reply) -> Reply:
    """Without strict the schema is dropped, and any object is generated."""

    def other_object(_: dict[str, Json]) -> Json:
        return {"result": 42}

    applies = schema_name(reply) == "loose"
    return rewrite_document(reply, other_object) if applies else reply


def _schema_check(sends: Probe, id: str, requirement: str) -> Check:
    """Return the check, called *id*, that the answer satisfies the schema sent."""

    def judge(exchange: Exchange) -> Findings:
        yield from satisfies_schema(exchange)

    judge.__name__ = judge.__qualname__ = id.partition(".")[2].replace("-", "_")
    return check(
        id,
        requirement,
        source=DOCUMENTED,
        sends=sends,
        needs=SCHEMAS,
        combined=ALL_AT_ONCE,
    )(judge)


enum_is_kept = _schema_check(
    ENUM_WHOLE,
    "structured.enum-is-kept",
    "A member with an enum MUST have one of its values.",
)
nesting_is_kept = _schema_check(
    NESTED_WHOLE,
    "structured.nesting-is-kept",
    "Nested objects MUST each have their required members.",
)
bounds_are_kept = _schema_check(
    LIST_WHOLE,
    "structured.bounds-are-kept",
    "The length of a list MUST be from minItems to maxItems.",
)


def _schema_fault(
    breaks: Check, id: str, description: str, change: dict[str, Json]
) -> Fault:
    """Return the fault that merges *change* into the answers to one schema."""
    probe = breaks.sends[0]
    name = probe.name.removeprefix("json-schema-").removesuffix("-whole")

    def apply(reply: Reply) -> Reply:
        if not asks_for(reply, name):
            return reply
        return rewrite_document(reply, lambda value: {**value, **change})

    return Fault(id=id, breaks=breaks, apply=apply, description=description)


enum_not_enforced = _schema_fault(
    enum_is_kept,
    "enum-not-enforced",
    "The grammar enforces types but not enum, so the answer has Red for red.",
    {"colour": "Red"},
)
nesting_flattened = _schema_fault(
    nesting_is_kept,
    "nesting-flattened",
    "The grammar covers two levels of nesting, and deeper objects are empty.",
    {"outer": {"inner": {}}},
)
bounds_not_enforced = _schema_fault(
    bounds_are_kept,
    "bounds-not-enforced",
    "The grammar does not count entries, so a list exceeds maxItems.",
    {"numbers": list(range(MAX_ITEMS + 1))},
)


@check(
    "structured.keys-survive",
    "Non-ASCII keys MUST be returned unchanged.",
    source=f"RFC 8259 8.1; {DOCUMENTED}",
    sends=UNICODE_WHOLE,
    needs=SCHEMAS,
    combined=ALL_AT_ONCE,
)
def keys_survive(exchange: Exchange) -> Findings:
    value = document(exchange)
    keys = tuple(value) if isinstance(value, dict) else ()
    if set(keys) != set(KEYS):
        yield Finding(
            "the keys are not those of the schema",
            expected=", ".join(KEYS),
            actual=", ".join(map(shorten, keys)) or shorten(exchange.answer) or "none",
            at=reply_location(exchange),
        )


@fault(breaks=keys_survive)
def keys_made_ascii(reply: Reply) -> Reply:
    """The grammar is built in ASCII, and other characters become question marks."""

    def to_ascii(value: dict[str, Json]) -> Json:
        return {
            key.encode("ascii", "replace").decode(): member
            for key, member in value.items()
        }

    applies = asks_for(reply, "unicode")
    return rewrite_document(reply, to_ascii) if applies else reply
