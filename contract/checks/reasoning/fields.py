"""Checks of the fields and content chunks that carry the reasoning."""

from __future__ import annotations

from collections.abc import Mapping

from contract.checks.reasoning.reasoning_text import (
    HAS_MARKER,
    PARSED,
    STREAMED_REASONING,
    choice_objects,
    choices_with_text,
    has_thinking_chunks,
    location,
    require_parsed,
    separates_reasoning,
)
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.reply import Reply
from contract.model.strict_json import is_one_of
from contract.model.think import MARKERS
from contract.portable.facts import REASONING_FIELDS
from contract.portable.requirement import decided
from contract.portable.schemas import (
    NOT_EMPTY,
    SOMETHING,
    STRING,
    Schema,
    both,
    either,
    every,
    has,
    one_of,
)

# Types of chunks that a thinking chunk may contain besides text.
REFERENCES = frozenset({"reference", "tool_reference"})


def _expected(dialect: Dialect) -> list[str]:
    """Return the members in which a dialect has the reasoning, sorted."""
    if dialect.tagged:
        return []
    return sorted(dialect.reasoning_fields) or ["content"]


def _part(text: Schema) -> Schema:
    """Return the schema of a content chunk in which *text* is the answer's."""
    reference = has(type=one_of(sorted(REFERENCES)))
    thought = has(type="thinking", thinking=every(either(reference, has(text=STRING))))
    closed: Schema = {"properties": {"closed": {"type": "boolean"}}}
    return either(both(thought, closed), reference, has(type="text", text=text))


def _reasoning_by_field(exchange: Exchange) -> dict[tuple[int, str], str]:
    """Return the reasoning in each field, keyed by choice index and field name."""
    found: dict[tuple[int, str], str] = {}
    for _, choice in exchange.folded_choices:
        value = choice.get("index")
        index = value if isinstance(value, int) else 0
        part = choice.get("delta" if exchange.streamed else "message")
        if not isinstance(part, dict):
            continue
        texts = {name: part.get(name) for name in REASONING_FIELDS}
        content = part.get("content")
        if isinstance(content, list):
            texts["content"] = "".join(
                _thinking(chunk) for chunk in content if isinstance(chunk, dict)
            )
        for name, text in texts.items():
            if text:
                added = text if isinstance(text, str) else repr(text)
                found[index, name] = found.get((index, name), "") + added
    return found


def _thinking(chunk: Mapping[str, Json]) -> str:
    """Return the text of a thinking chunk, whether a list or a bare string."""
    parts = chunk.get("thinking")
    if isinstance(parts, str):
        return parts
    texts = [p.get("text") for p in parts or () if isinstance(p, dict)]  # type: ignore[union-attr]  # no dialect decodes a chunk with a number
    return "".join(text for text in texts if isinstance(text, str))


@check(
    "reasoning.right-field",
    "Reasoning MUST be in the field or fields that this version documents.",
    source="vllm-project/vllm#33402",
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_REASONING,
    every=Scope.ANSWERS,
    unless="no-such-member",
)
@decided(
    lambda dialect: has(reasoningIn=_expected(dialect), reasoningAgrees=True),
    when=both(
        PARSED, either(has(reasoningIn=SOMETHING), has(reasoning=NOT_EMPTY), HAS_MARKER)
    ),
)
def right_field(exchange: Exchange) -> Findings:
    require_parsed(exchange)
    dialect = exchange.profile.dialect
    found = _reasoning_by_field(exchange)
    names = {name for _, name in found}
    has_markers = any(marker in exchange.answer for marker in MARKERS)
    if not names and not exchange.reasoning and not has_markers:
        raise NotApplicable("the reply has no reasoning")
    expected = set()
    if not dialect.tagged:
        expected = set(dialect.reasoning_fields) or {"content"}
    if names != expected:
        yield Finding(
            "the reasoning is not in the field of this version",
            expected=" and ".join(sorted(expected)) or "markers in content",
            actual=", ".join(sorted(names))
            or ("markers in content" if has_markers else "no such field"),
            at=location(exchange),
        )
        return
    for choice in choices_with_text(exchange):
        texts = {name: found.get((choice, name), "") for name in sorted(names)}
        if len(set(texts.values())) > 1:
            yield Finding(
                f"the fields of choice {choice} differ",
                expected="the same reasoning in each field",
                actual=shorten(texts),
                at=location(exchange),
            )


@fault(
    breaks=right_field,
    also=(
        "reasoning",
        "schema.response",
        "schema.event",
        "multimodal.thinks-about-images",
        "conversation.later-turns-are-sound",
        "latency.icl-p95",  # reasoning that resumes is a gap in the text
    ),
    where=separates_reasoning,
)
def field_renamed(reply: Reply) -> Reply:
    """An upgrade renamed the field that clients read (vllm#27755, vllm#33402)."""

    def change(value: Json) -> Json:
        for choice in choice_objects(value):
            for part in choice.values():
                if isinstance(part, dict):
                    _rename(part)
        return value

    return reply.change(change)


def _rename(part: dict[str, Json]) -> None:
    """Move the reasoning of a message or delta to another field."""
    old = {name: part.pop(name) for name in REASONING_FIELDS[:2] if name in part}
    if len(old) > 1:
        part["reasoning_content"] = old["reasoning_content"]
    elif old:
        name = next(iter(old))
        part[REASONING_FIELDS[1 - REASONING_FIELDS.index(name)]] = old[name]
    content = part.get("content")
    if isinstance(content, list):
        kept = [c for c in content if not (isinstance(c, dict) and "thinking" in c)]
        reasoning = "".join(_thinking(c) for c in content if isinstance(c, dict))
        part["content"] = kept
        if reasoning:
            part["reasoning_content"] = reasoning


@check(
    "reasoning.chunks-are-well-formed",
    "A thinking chunk MUST hold a list of text chunks.",
    source="agentjido/req_llm#742",
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_REASONING,
    every=Scope.ANSWERS,
)
@decided(
    either(
        has(streamed=True, parts=every(_part(STRING))),
        has(streamed=False, parts=every(_part(NOT_EMPTY))),
    ),
    when=has(parts=SOMETHING),
)
def chunks_are_well_formed(exchange: Exchange) -> Findings:
    listed = False
    for chunk, choice in exchange.folded_choices:
        part = choice.get("delta" if exchange.streamed else "message")
        content = part.get("content") if isinstance(part, dict) else None
        for item in content if isinstance(content, list) else ():
            listed = True
            if defect := _defect(item, whole=not exchange.streamed):
                yield Finding(
                    f"a content chunk {defect}",
                    expected='{"type":"thinking","thinking":[{"type":"text",…}]}'
                    ' or {"type":"text","text":…}',
                    actual=shorten(item),
                    at=location(exchange, chunk),
                )
    if not listed:
        raise NotApplicable("no content is a list of chunks")


def _defect(item: Json, *, whole: bool) -> str:
    """Return the defect of a chunk in a content list; empty if there is none."""
    if not isinstance(item, dict):
        return "is not an object"
    if item.get("type") == "thinking":
        return _thinking_defect(item)
    if is_one_of(item.get("type"), REFERENCES):
        return ""
    if item.get("type") != "text" or not isinstance(item.get("text"), str):
        return "is neither a thinking nor a text chunk"
    return "is an empty answer" if whole and not item["text"] else ""


def _thinking_defect(item: Mapping[str, Json]) -> str:
    parts = item.get("thinking")
    if not isinstance(parts, list):
        return "has thinking that is not a list"
    if not isinstance(item.get("closed", True), bool):
        return "has closed that is not a boolean"
    valid = all(
        isinstance(part, dict)
        and (
            is_one_of(part.get("type"), REFERENCES) or isinstance(part.get("text"), str)
        )
        for part in parts
    )
    return "" if valid else "has thinking that is not a list of text chunks"


@fault(
    breaks=chunks_are_well_formed,
    also=("schema.response", "schema.event"),
    where=has_thinking_chunks,
)
def thinking_as_string(reply: Reply) -> Reply:
    """The chunk contains the reasoning as a string instead of a list (req_llm#742)."""

    def flattened(value: Json) -> Json:
        if isinstance(value, dict):
            return {
                name: _thinking(value)
                if name == "thinking" and isinstance(entry, list)
                else flattened(entry)
                for name, entry in value.items()
            }
        return (
            [flattened(entry) for entry in value] if isinstance(value, list) else value
        )

    return reply.change(flattened)
