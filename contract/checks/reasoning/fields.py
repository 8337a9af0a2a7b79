"""That the thought comes in the field, and the form, a version documents."""

from __future__ import annotations

from collections.abc import Mapping

from contract.checks.reasoning.thoughts import (
    APART,
    choices,
    in_content_parts,
    location,
    offered,
    separate,
)
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.reply import Reply
from contract.model.strict_json import is_one_of
from contract.model.think import MARKERS

# Every name under which some server has sent a thought beside the content.
FIELDS = ("reasoning", "reasoning_content", "reasoning_text", "thinking")
# What a thought may hold beside text.
REFERENCES = frozenset({"reference", "tool_reference"})


def _fields(exchange: Exchange) -> dict[tuple[int, str], str]:
    """The thought as each field of the wire spells it, by choice and field."""
    found: dict[tuple[int, str], str] = {}
    for _, choice in exchange.choices:
        index = choice.get("index")
        number = index if isinstance(index, int) else 0
        part = choice.get("delta" if exchange.streamed else "message")
        if not isinstance(part, dict):
            continue
        texts = {name: part.get(name) for name in FIELDS}
        content = part.get("content")
        if isinstance(content, list):
            texts["content"] = "".join(
                _thinking(chunk) for chunk in content if isinstance(chunk, dict)
            )
        for name, text in texts.items():
            if text:
                said = text if isinstance(text, str) else repr(text)
                found[number, name] = found.get((number, name), "") + said
    return found


def _thinking(chunk: Mapping[str, Json]) -> str:
    parts = chunk.get("thinking")
    if isinstance(parts, str):
        return parts
    texts = [p.get("text") for p in parts or () if isinstance(p, dict)]  # type: ignore[union-attr]  # a number would have been no chunk of any dialect
    return "".join(text for text in texts if isinstance(text, str))


@check(
    "reasoning.right-field",
    "The thought MUST come in the field or fields that this version documents.",
    source="vllm-project/vllm#33402",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def right_field(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        dialect = exchange.profile.dialect
        seen = _fields(exchange)
        names = {name for _, name in seen}
        shown = any(marker in exchange.answer for marker in MARKERS)
        if not names and not exchange.reasoning and not shown:
            raise NotApplicable("there is no thought")
        expected = set()
        if not dialect.tagged:
            expected = set(dialect.reasoning_fields) or {"content"}
        if names != expected:
            yield Finding(
                "the thought is not where this version puts it",
                expected=" and ".join(sorted(expected)) or "markers in content",
                actual=", ".join(sorted(names))
                or ("markers in content" if shown else "no such field"),
                at=location(exchange),
            )
            continue
        for choice in choices(exchange):
            texts = {name: seen.get((choice, name), "") for name in sorted(names)}
            if len(set(texts.values())) > 1:
                yield Finding(
                    f"the fields differ in choice {choice}",
                    expected="the same thought in each field",
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
    ),
    where=separate,
)
def field_renamed(reply: Reply) -> Reply:
    """An upgrade renamed the field that clients read (vllm#27755, vllm#33402)."""

    def renamed(value: Json) -> Json:
        for choice in offered(value):
            for part in choice.values():
                if isinstance(part, dict):
                    _rename(part)
        return value

    return reply.change(renamed)


def _rename(part: dict[str, Json]) -> None:
    old = {name: part.pop(name) for name in FIELDS[:2] if name in part}
    if len(old) > 1:
        part["reasoning_content"] = old["reasoning_content"]
    elif old:
        name = next(iter(old))
        part[FIELDS[1 - FIELDS.index(name)]] = old[name]
    content = part.get("content")
    if isinstance(content, list):
        kept = [c for c in content if not (isinstance(c, dict) and "thinking" in c)]
        thought = "".join(_thinking(c) for c in content if isinstance(c, dict))
        part["content"] = kept
        if thought:
            part["reasoning_content"] = thought


@check(
    "reasoning.chunks-are-well-formed",
    "A thinking chunk MUST hold a list of text chunks.",
    source="agentjido/req_llm#742",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def chunks_are_well_formed(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        listed = False
        for chunk, choice in exchange.choices:
            part = choice.get("delta" if exchange.streamed else "message")
            content = part.get("content") if isinstance(part, dict) else None
            for item in content if isinstance(content, list) else ():
                listed = True
                if flaw := _flaw(item, whole=not exchange.streamed):
                    yield Finding(
                        f"a content chunk {flaw}",
                        expected='{"type":"thinking","thinking":[{"type":"text",…}]}'
                        ' or {"type":"text","text":…}',
                        actual=shorten(item),
                        at=location(exchange, chunk),
                    )
        if not listed:
            raise NotApplicable("no content came as a list of chunks")


def _flaw(item: Json, *, whole: bool) -> str:
    """What is wrong with a chunk of a content list; empty when nothing is."""
    if not isinstance(item, dict):
        return "is no object"
    if item.get("type") == "thinking":
        return _thinking_flaw(item)
    if is_one_of(item.get("type"), REFERENCES):
        return ""
    if item.get("type") != "text" or not isinstance(item.get("text"), str):
        return "is neither a thought nor text"
    return "is an empty answer" if whole and not item["text"] else ""


def _thinking_flaw(item: Mapping[str, Json]) -> str:
    parts = item.get("thinking")
    if not isinstance(parts, list):
        return "thinks in something else than a list"
    if not isinstance(item.get("closed", True), bool):
        return "is neither closed nor open"
    whole = all(
        isinstance(part, dict)
        and (
            is_one_of(part.get("type"), REFERENCES) or isinstance(part.get("text"), str)
        )
        for part in parts
    )
    return "" if whole else "thinks in something else than text"


@fault(
    breaks=chunks_are_well_formed,
    also=("schema.response", "schema.event"),
    where=in_content_parts,
)
def thinking_as_string(reply: Reply) -> Reply:
    """The chunk holds the thought as a bare string, not a list (req_llm#742)."""

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
