"""That an answer is JSON, and fits the schema that the request brought along."""

from __future__ import annotations

from contract.checks.sources import (
    MISTRAL_JSON,
    OPENAI_JSON,
    VLLM_JSON,
)
from contract.checks.structured.asking import (
    ENUM_WHOLE,
    KEYS,
    LIST_WHOLE,
    LOOSE_WHOLE,
    MOST,
    NESTED_WHOLE,
    OBJECT,
    OBJECT_WHOLE,
    SCHEMA,
    SCHEMA_WHOLE,
    UNICODE_WHOLE,
)
from contract.checks.structured.document import (
    OBJECTS,
    SCHEMAS,
    STREAMED_SCHEMAS,
    document,
    fits,
    form,
    named,
    reply_location,
    reworded,
    rewritten,
)
from contract.model.chat import (
    Json,
    Probe,
)
from contract.model.check import (
    Check,
    Fault,
    Finding,
    Findings,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply

DOCUMENTED = f"{MISTRAL_JSON}; {VLLM_JSON}"


@check(
    "structured.object-is-json",
    "An answer to response_format json_object MUST be one JSON object.",
    source=f"{MISTRAL_JSON}; {OPENAI_JSON}",
    sends=(OBJECT, OBJECT_WHOLE),
    needs=OBJECTS,
)
def object_is_json(*exchanges: Exchange) -> Findings:
    yield from fits(*exchanges)


@fault(breaks=object_is_json)
def object_taken_as_text(reply: Reply) -> Reply:
    """A gateway drops the response format, and the model answers with a sentence."""
    if form(reply) != "json_object":
        return reply
    return reworded(reply, lambda _: "The answer is 42.")


@check(
    "structured.schema-is-satisfied",
    "An answer to a strict json_schema MUST be JSON that satisfies the schema.",
    source=DOCUMENTED,
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS,
)
def schema_is_satisfied(*exchanges: Exchange) -> Findings:
    yield from fits(*exchanges)


@fault(breaks=schema_is_satisfied, also=("structured.tools-leave-the-form",))
def schema_taken_as_a_hint(reply: Reply) -> Reply:
    """The schema is shown to the model, not enforced: numbers come as words."""

    def worded(value: dict[str, Json]) -> Json:
        return {**value, "answer": "forty-two"}

    return rewritten(reply, worded) if named(reply) == "answer" else reply


@check(
    "structured.loose-schema-is-satisfied",
    "An answer to a json_schema without strict SHOULD satisfy the schema.",
    source=f"{DOCUMENTED}; {OPENAI_JSON} (strict defaults to false)",
    sends=LOOSE_WHOLE,
    needs=SCHEMAS,
)
def loose_schema_is_satisfied(exchange: Exchange) -> Findings:
    yield from fits(exchange)


@fault(breaks=loose_schema_is_satisfied)
def loose_schema_dropped(reply: Reply) -> Reply:
    """Without strict the schema is left out, and any object will do."""

    def another(_: dict[str, Json]) -> Json:
        return {"result": 42}

    return rewritten(reply, another) if named(reply) == "loose" else reply


def _keeps(sends: Probe, id: str, requirement: str) -> Check:
    """The check that an answer keeps one part of a schema."""

    def judge(exchange: Exchange) -> Findings:
        yield from fits(exchange)

    judge.__name__ = judge.__qualname__ = id.partition(".")[2].replace("-", "_")
    return check(id, requirement, source=DOCUMENTED, sends=sends, needs=SCHEMAS)(judge)


enum_is_kept = _keeps(
    ENUM_WHOLE,
    "structured.enum-is-kept",
    "A member with an enum MUST be one of its values.",
)
nesting_is_kept = _keeps(
    NESTED_WHOLE,
    "structured.nesting-is-kept",
    "Objects within objects MUST each have their required members.",
)
bounds_are_kept = _keeps(
    LIST_WHOLE,
    "structured.bounds-are-kept",
    "A list MUST have as many entries as minItems and maxItems allow.",
)


def _spoils(breaks: Check, name: str, story: str, change: dict[str, Json]) -> Fault:
    """The fault that gives members of the answer to one schema another value."""
    own = named_by(breaks)

    def apply(reply: Reply) -> Reply:
        if named(reply) != own:
            return reply
        return rewritten(reply, lambda value: {**value, **change})

    return Fault(id=name, breaks=breaks, apply=apply, story=story)


def named_by(check: Check) -> str:
    """The name of the schema that a check of one request asks for."""
    return check.sends[0].name.removeprefix("json-schema-").removesuffix("-whole")


enum_not_enforced = _spoils(
    enum_is_kept,
    "enum-not-enforced",
    "The grammar knows types but no enum, and the model says Red for red.",
    {"colour": "Red"},
)
nesting_flattened = _spoils(
    nesting_is_kept,
    "nesting-flattened",
    "The grammar stops at the second level, and what is deeper is left empty.",
    {"outer": {"inner": {}}},
)
bounds_not_enforced = _spoils(
    bounds_are_kept,
    "bounds-not-enforced",
    "The grammar does not count, so a list goes on beyond maxItems.",
    {"numbers": list(range(MOST + 1))},
)


@check(
    "structured.keys-survive",
    "Keys beyond ASCII MUST come back character for character.",
    source=f"RFC 8259 8.1; {DOCUMENTED}",
    sends=UNICODE_WHOLE,
    needs=SCHEMAS,
)
def keys_survive(exchange: Exchange) -> Findings:
    value = document(exchange)
    seen = tuple(value) if isinstance(value, dict) else ()
    if set(seen) != set(KEYS):
        yield Finding(
            "the keys are not those of the schema",
            expected=", ".join(KEYS),
            actual=", ".join(map(shorten, seen)) or shorten(exchange.answer) or "none",
            at=reply_location(exchange),
        )


@fault(breaks=keys_survive)
def keys_made_ascii(reply: Reply) -> Reply:
    """The grammar is built from bytes, and keys come back as question marks."""

    def mangled(value: dict[str, Json]) -> Json:
        return {
            key.encode("ascii", "replace").decode(): held for key, held in value.items()
        }

    return rewritten(reply, mangled) if named(reply) == "unicode" else reply
