"""Checks of the text around a document, its finish reason and its streaming."""

from __future__ import annotations

import json

from contract.checks.judging.chunks import FINISH_REASONS
from contract.checks.sources import MISTRAL_JSON, OPENAI_JSON, VLLM_JSON
from contract.checks.structured.document import (
    SCHEMAS,
    STREAMED_SCHEMAS,
    document,
    finished_answer,
    finished_documents,
    format_type,
    parse_json,
    reply_location,
    rewrite_answer,
    rewrite_document,
    schema_name,
)
from contract.checks.structured.probes import (
    CUT_STREAMED,
    CUT_WHOLE,
    OBJECT_WHOLE,
    PLAIN,
    SCHEMA,
    SCHEMA_WHOLE,
    TEXT,
    UNFORMATTED,
)
from contract.model.chat import Json, Piece, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.model.strict_json import MISSING
from contract.portable.requirement import decided
from contract.portable.schemas import FORMED, anything_but, both, has, one_of

FENCE = "```"


@check(
    "structured.no-fence",
    "An answer in JSON MUST NOT be inside a Markdown code fence.",
    source=f"{OPENAI_JSON}; {MISTRAL_JSON}",
    sends=(SCHEMA_WHOLE, OBJECT_WHOLE),
    needs=SCHEMAS | {Capability.JSON_OBJECT},
    every=Scope.ANSWERS,
)
def no_fence(exchange: Exchange) -> Findings:
    documents = finished_documents(exchange)
    for text in documents:
        if text.lstrip().startswith(FENCE):
            yield Finding(
                "the document is inside a code fence",
                expected="JSON without surrounding text",
                actual=shorten(text),
                at=reply_location(exchange),
            )


@fault(breaks=no_fence)
def fenced(reply: Reply) -> Reply:
    """The model writes a ```json fence and the server does not prevent it."""
    if format_type(reply) is None:
        return reply
    return rewrite_answer(reply, lambda text: f"{FENCE}json\n{text}\n{FENCE}")


@check(
    "structured.thought-is-kept-apart",
    "Reasoning MUST NOT precede or follow the document in the answer.",
    source=f"{VLLM_JSON} (with reasoning outputs)",
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS | {Capability.REASONING},
)
def thought_is_kept_apart(*exchanges: Exchange) -> Findings:
    """A server may turn reasoning off when a response_format is given."""
    for exchange in exchanges:
        text = finished_answer(exchange)
        start, end = text.find("{"), text.rfind("}")
        if not 0 <= start < end or parse_json(text[start : end + 1]) is MISSING:
            raise NotApplicable("the answer has no JSON object")
        before, after = text[:start].strip(), text[end + 1 :].strip()
        if (before or after) and not before.startswith(FENCE):
            yield Finding(
                "the document has text around it",
                expected="JSON without surrounding text",
                actual=shorten(before or after),
                at=reply_location(exchange),
            )


@fault(
    breaks=thought_is_kept_apart,
    also=(
        "structured.schema-is-satisfied",
        "structured.tools-leave-the-form",
        "structured.format-keeps-thinking",
        "structured.documents-are-json",
    ),
)
def thought_before_the_document(reply: Reply) -> Reply:
    """The reasoning parser is off for response formats, so reasoning is answer text."""
    if schema_name(reply) != "answer":
        return reply

    def reasoning_as_answer(pieces: tuple[Piece, ...]) -> list[Piece]:
        reasoning = "".join(p.text for p in pieces if p.kind is PieceKind.REASONING)
        rest = [p for p in pieces if p.kind is not PieceKind.REASONING]
        if not any(p.kind is PieceKind.ANSWER for p in rest):
            return list(pieces)
        text = reasoning or "They want JSON."
        return [Piece(PieceKind.ANSWER, text, pieces[0].choice), *rest]

    return rewrite_pieces(reply, reasoning_as_answer)


@check(
    "structured.format-keeps-thinking",
    "A response_format SHOULD NOT switch off the reasoning that a request without it "
    "gets.",
    source="vllm-project/vllm#47027",
    sends=(UNFORMATTED, SCHEMA_WHOLE),
    needs=SCHEMAS | {Capability.REASONING},
    unless="json-stops-reasoning",
)
def format_keeps_thinking(without: Exchange, formatted: Exchange) -> Findings:
    """A document that needs thought is worse without it, and nothing says so."""
    if not without.reasoning:
        raise NotApplicable("the reply without a response_format has no reasoning")
    if not formatted.choices:
        raise NotApplicable("the reply with a response_format has no choice")
    if not formatted.reasoning:
        yield Finding(
            "there is no reasoning beside the document",
            expected=shorten(without.reasoning),
            actual="no reasoning",
            at=reply_location(formatted),
        )


@fault(breaks=format_keeps_thinking)
def format_silences_thought(reply: Reply) -> Reply:
    """The grammar of the document applies from the first token on."""
    if schema_name(reply) is None:
        return reply
    return rewrite_pieces(
        reply, lambda pieces: [p for p in pieces if p.kind is not PieceKind.REASONING]
    )


@check(
    "structured.streamed-equals-whole",
    "A request with a seed SHOULD get the same document streamed and not streamed.",
    source="house rule; BerriAI/litellm#16272",
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS | {Capability.SEED},
)
def streamed_equals_whole(streamed: Exchange, whole: Exchange) -> Findings:
    """White space in the document is ignored."""
    found = [document(streamed), document(whole)]
    if found == [MISSING, MISSING]:
        raise NotApplicable("neither answer is JSON")
    if MISSING in found or found[0] != found[1]:
        yield Finding(
            "the streamed document differs from the non-streamed document",
            expected=shorten(whole.answer) or "no answer",
            actual=shorten(streamed.answer) or "no answer",
            at=reply_location(streamed),
        )


@fault(breaks=streamed_equals_whole)
def stream_of_another_document(reply: Reply) -> Reply:
    """The streaming code path loses the grammar state, so it yields other values."""

    def negate_booleans(value: dict[str, Json]) -> Json:
        # The new values still satisfy the schema.
        return {
            key: not member if isinstance(member, bool) else member
            for key, member in value.items()
        }

    applies = reply.streamed and schema_name(reply) == "answer"
    return rewrite_document(reply, negate_booleans) if applies else reply


@check(
    "structured.finishes-with-stop",
    "A reply with the complete document MUST have the finish reason stop.",
    source=f"{OPENAI_JSON} (finish_reason); BerriAI/litellm, JSON by way of a tool",
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS,
)
@decided(
    has(finish="stop"),
    when=both(
        FORMED,
        has(
            document=has(**{"is": anything_but("no JSON")}),
            finish=one_of(sorted(FINISH_REASONS - {"length", "model_length"})),
        ),
    ),
)
def finishes_with_stop(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if document(exchange) is MISSING:
            raise NotApplicable("the answer is not JSON")
        if exchange.finish not in FINISH_REASONS:
            raise NotApplicable(
                f"another check judges the finish reason {exchange.finish or 'null'}"
            )
        if exchange.finish != "stop":
            yield Finding(
                "the finish reason of a complete document is not stop",
                expected="finish reason stop",
                actual=exchange.finish or "null",
                at=reply_location(exchange),
            )


def _has_finish_reasons(dialect: Dialect) -> bool:
    return dialect.surface is None


@fault(breaks=finishes_with_stop, where=_has_finish_reasons)
def document_by_way_of_a_tool(reply: Reply) -> Reply:
    """A gateway implements response formats by a hidden tool, and finishes like one."""
    if schema_name(reply) != "answer":
        return reply
    return _replace_finish_reason(reply, "stop", "tool_calls")


def _replace_finish_reason(reply: Reply, before: str, after: str) -> Reply:
    """Return *reply* with the finish reason *after* in place of *before*."""

    def change(value: Json) -> Json:
        listed = value.get("choices") if isinstance(value, dict) else None
        for choice in listed if isinstance(listed, list) else ():
            if isinstance(choice, dict) and choice.get("finish_reason") == before:
                choice["finish_reason"] = after
        return value

    return reply.change(change)


@check(
    "structured.cut-gives-length",
    "A reply whose document max_tokens cut off MUST have the finish reason length.",
    source=f"{OPENAI_JSON} (the content may be partially cut off)",
    sends=(CUT_STREAMED, CUT_WHOLE),
    needs=STREAMED_SCHEMAS,
)
def cut_gives_length(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish not in FINISH_REASONS:
            raise NotApplicable(
                f"another check judges the finish reason {exchange.finish or 'null'}"
            )
        if exchange.finish == "length":
            continue
        if isinstance(parse_json(exchange.answer), dict):
            raise NotApplicable("the document was complete before the limit")
        yield Finding(
            "the finish reason of an incomplete document is not length",
            expected="finish reason length",
            actual=f"{exchange.finish or 'null'} with "
            f"{spell(shorten(exchange.answer))}",
            at=reply_location(exchange),
        )


@fault(breaks=cut_gives_length, also=("reasoning.cut-gives-length",))
def cut_document_called_finished(reply: Reply) -> Reply:
    """Every end of grammar-guided generation is reported as stop, even the limit."""
    if format_type(reply) is None:
        return reply
    return _replace_finish_reason(reply, "length", "stop")


@check(
    "structured.text-is-the-default",
    "A response_format of type text MUST have the same effect as none.",
    source=f"{OPENAI_JSON}; {MISTRAL_JSON}",
    sends=(PLAIN, TEXT),
    needs={Capability.JSON_OBJECT, Capability.SEED},
)
def text_is_the_default(plain: Exchange, text: Exchange) -> Findings:
    if not any(exchange.choices for exchange in (plain, text)):
        raise NotApplicable("no reply has a choice")
    for name, seen, wanted in (
        ("answer", text.answer, plain.answer),
        ("reasoning", text.reasoning, plain.reasoning),
    ):
        if seen != wanted:
            yield Finding(
                f"a response_format of type text changes the {name}",
                expected=shorten(wanted) or "nothing",
                actual=shorten(seen) or "nothing",
                at=reply_location(text),
            )


@fault(breaks=text_is_the_default)
def text_taken_as_json(reply: Reply) -> Reply:
    """Any response format enables the JSON grammar, so text becomes a JSON string."""
    options = reply.probe.options if reply.probe is not None else None
    if options is None or options.response_format != '{"type":"text"}':
        return reply
    return rewrite_answer(reply, json.dumps)
