"""Checks of schemas as libraries write them: references, null, lists of objects."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.judging.answered import (
    ANSWERED_OR_REJECTED,
    expect_answered_or_rejected,
)
from contract.checks.sources import MISTRAL_JSON, OPENAI_JSON
from contract.checks.structured.document import (
    STREAMED_SCHEMAS,
    asks_for,
    rewrite_answer,
    rewrite_document,
    satisfies_schema,
)
from contract.checks.structured.probes import (
    ALL_AT_ONCE,
    closed_object,
    formatted,
    schema_format,
)
from contract.model.chat import Json
from contract.model.check import Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.reply import Reply

# Pydantic and Zod write nested models as definitions, and a recursive root as a
# reference to one.
_POINT = closed_object(x={"type": "integer"}, y={"type": "integer"})
_LINE: dict[str, Json] = {
    "$defs": {"Point": _POINT},
    **closed_object(start={"$ref": "#/$defs/Point"}, end={"$ref": "#/$defs/Point"}),
}
_ROOT: dict[str, Json] = {"$defs": {"Point": _POINT}, "$ref": "#/$defs/Point"}
_NULLABLE = closed_object(
    answer={"type": "integer"},
    note={"anyOf": [{"type": "string"}, {"type": "null"}]},
    unit={"type": ["string", "null"], "enum": ["metre", "second", None]},
)
_ROWS = closed_object(
    rows={
        "type": "array",
        "items": closed_object(name={"type": "string"}, count={"type": "integer"}),
        "minItems": 1,
        "maxItems": 2,
    }
)


def _both(name: str, schema: Json) -> tuple[Probe, Probe]:
    """Return the request for *schema*, called *name*, whole and streamed."""
    whole = formatted(f"json-schema-{name}-whole", schema_format(name, schema))
    return whole, replace(whole, name=f"json-schema-{name}-streamed", stream=True)


LINE, ROOT = _both("line", _LINE), _both("root", _ROOT)
NULLABLE, ROWS = _both("nullable", _NULLABLE), _both("rows", _ROWS)


def satisfied_or_rejected(*exchanges: Exchange) -> Findings:
    """
    Yield a finding for each answer that does not satisfy its schema.

    A rejection is no promise, so nothing is expected of it. Raises `NotApplicable` if
    every answer was cut off.
    """
    cut = []
    for exchange in exchanges:
        if exchange.status != HTTPStatus.OK:
            yield from expect_answered_or_rejected(exchange)
            continue
        try:
            yield from satisfies_schema(exchange)
        except NotApplicable as reason:
            cut.append(str(reason))
    if len(cut) == len(exchanges):
        raise NotApplicable(cut[0])


@check(
    "structured.references-are-followed",
    "A json_schema with $defs and $ref MUST be enforced or rejected.",
    source=f"{OPENAI_JSON}; ggml-org/llama.cpp#21699",
    sends=(*LINE, *ROOT),
    combined=ALL_AT_ONCE,
    needs=STREAMED_SCHEMAS,
    expects=ANSWERED_OR_REJECTED,
)
def references_are_followed(*exchanges: Exchange) -> Findings:
    yield from satisfied_or_rejected(*exchanges)


def _has_reference(reply: Reply) -> bool:
    options = reply.probe.options if reply.probe is not None else None
    return options is not None and '"$ref":' in (options.response_format or "")


@fault(breaks=references_are_followed)
def references_ignored(reply: Reply) -> Reply:
    """A schema with references is accepted, but no grammar is made of it."""
    if not _has_reference(reply):
        return reply
    return rewrite_answer(reply, lambda _: "The line starts at 1, 2.")


@fault(breaks=references_are_followed)
def references_match_anything(reply: Reply) -> Reply:
    """A reference is replaced by a schema that any value satisfies."""
    if not asks_for(reply, "line"):
        return reply
    return rewrite_document(reply, lambda value: {**value, "end": "here"})


@check(
    "structured.null-is-an-alternative",
    "A member that may be null MUST be null or satisfy the other alternative.",
    source=f"{OPENAI_JSON}; {MISTRAL_JSON}",
    sends=NULLABLE,
    combined=ALL_AT_ONCE,
    needs=STREAMED_SCHEMAS,
    expects=ANSWERED_OR_REJECTED,
)
def null_is_an_alternative(*exchanges: Exchange) -> Findings:
    yield from satisfied_or_rejected(*exchanges)


@fault(breaks=null_is_an_alternative)
def alternatives_not_enforced(reply: Reply) -> Reply:
    """The grammar does not know anyOf and lets any value pass."""
    if not asks_for(reply, "nullable"):
        return reply
    return rewrite_document(reply, lambda value: {**value, "note": [1, 2]})


@fault(breaks=null_is_an_alternative)
def null_as_text(reply: Reply) -> Reply:
    """A list of types is reduced to its first, so null is written as a text."""
    if not asks_for(reply, "nullable"):
        return reply
    return rewrite_document(reply, lambda value: {**value, "unit": "null"})


@check(
    "structured.entries-are-objects",
    "Each entry of a list MUST satisfy the schema of its items.",
    source=f"{OPENAI_JSON}; {MISTRAL_JSON}",
    sends=ROWS,
    combined=ALL_AT_ONCE,
    needs=STREAMED_SCHEMAS,
    expects=ANSWERED_OR_REJECTED,
)
def entries_are_objects(*exchanges: Exchange) -> Findings:
    yield from satisfied_or_rejected(*exchanges)


@fault(breaks=entries_are_objects)
def entries_flattened(reply: Reply) -> Reply:
    """Entries that should be objects are the texts of their first members."""
    if not asks_for(reply, "rows"):
        return reply
    return rewrite_document(reply, lambda value: {**value, "rows": ["Ada", "Grace"]})
