"""What stands around the document: nothing; how it ends, and how it is streamed."""

from __future__ import annotations

import json

from contract.checks.judging.chunks import FINISH_REASONS
from contract.checks.sources import (
    MISTRAL_JSON,
    OPENAI_JSON,
    VLLM_JSON,
)
from contract.checks.structured.asking import (
    CUT_STREAMED,
    CUT_WHOLE,
    OBJECT_WHOLE,
    PLAIN,
    SCHEMA,
    SCHEMA_WHOLE,
    TEXT,
)
from contract.checks.structured.document import (
    SCHEMAS,
    STREAMED_SCHEMAS,
    answer,
    document,
    form,
    named,
    parsed,
    reply_location,
    reworded,
    rewritten,
)
from contract.model.chat import (
    Json,
    Piece,
    PieceKind,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.model.strict_json import MISSING

FENCE = "```"


@check(
    "structured.no-fence",
    "An answer in JSON MUST NOT come inside a Markdown code fence.",
    source=f"{OPENAI_JSON}; {MISTRAL_JSON}",
    sends=(SCHEMA_WHOLE, OBJECT_WHOLE),
    needs=SCHEMAS | {Capability.JSON_OBJECT},
)
def no_fence(*exchanges: Exchange) -> Findings:
    if not any(exchange.choices for exchange in exchanges):
        raise NotApplicable("no reply holds a choice")
    for exchange in exchanges:
        text = answer(exchange)
        if text.lstrip().startswith(FENCE):
            yield Finding(
                "the document stands in a code fence",
                expected="JSON and nothing around it",
                actual=shorten(text),
                at=reply_location(exchange),
            )


@fault(breaks=no_fence)
def fenced(reply: Reply) -> Reply:
    """The model's habit of writing ```json gets through."""
    if form(reply) is None:
        return reply
    return reworded(reply, lambda text: f"{FENCE}json\n{text}\n{FENCE}")


@check(
    "structured.thought-is-kept-apart",
    "A thought MUST NOT stand before or after the document in the answer.",
    source=f"{VLLM_JSON} (with reasoning outputs)",
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS | {Capability.REASONING},
)
def thought_is_kept_apart(*exchanges: Exchange) -> Findings:
    """Whether the model thinks at all with a form is up to the provider."""
    for exchange in exchanges:
        text = answer(exchange)
        start, end = text.find("{"), text.rfind("}")
        if not 0 <= start < end or parsed(text[start : end + 1]) is MISSING:
            raise NotApplicable("the answer holds no JSON object")
        lead, rest = text[:start].strip(), text[end + 1 :].strip()
        if (lead or rest) and not lead.startswith(FENCE):
            yield Finding(
                "words stand around the document",
                expected="JSON and nothing around it",
                actual=shorten(lead or rest),
                at=reply_location(exchange),
            )


@fault(
    breaks=thought_is_kept_apart,
    also=("structured.schema-is-satisfied", "structured.tools-leave-the-form"),
)
def thought_before_the_document(reply: Reply) -> Reply:
    """The parser of reasoning is off for forms, and the thought stays in the answer."""
    if named(reply) != "answer":
        return reply

    def thinking(said: tuple[Piece, ...]) -> list[Piece]:
        thought = "".join(p.text for p in said if p.kind is PieceKind.REASONING)
        rest = [p for p in said if p.kind is not PieceKind.REASONING]
        if not any(p.kind is PieceKind.ANSWER for p in rest):
            return list(said)
        lead = Piece(PieceKind.ANSWER, thought or "They want JSON.", said[0].choice)
        return [lead, *rest]

    return rewrite_pieces(reply, thinking)


@check(
    "structured.streamed-equals-whole",
    "The same request with the same seed SHOULD get the same document streamed and "
    "whole.",
    source="house rule; BerriAI/litellm#16272",
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS | {Capability.SEED},
)
def streamed_equals_whole(streamed: Exchange, whole: Exchange) -> Findings:
    """White space within the document is free."""
    seen, told = document(streamed), document(whole)
    if seen is MISSING and told is MISSING:
        raise NotApplicable("neither answer is JSON")
    if seen is MISSING or told is MISSING or seen != told:
        yield Finding(
            "the stream holds another document",
            expected=shorten(whole.answer) or "no answer",
            actual=shorten(streamed.answer) or "no answer",
            at=reply_location(streamed),
        )


@fault(breaks=streamed_equals_whole)
def stream_of_another_document(reply: Reply) -> Reply:
    """The streaming path forgets the state of the grammar and takes the first value."""

    def first(value: dict[str, Json]) -> Json:
        # Another value of the same type: what is judged here is that it is another.
        return {
            key: not held if isinstance(held, bool) else held
            for key, held in value.items()
        }

    other = reply.streamed and named(reply) == "answer"
    return rewritten(reply, first) if other else reply


@check(
    "structured.finishes-with-stop",
    "A reply with the whole document MUST finish with stop.",
    source=f"{OPENAI_JSON} (finish_reason); BerriAI/litellm, JSON by way of a tool",
    sends=(SCHEMA, SCHEMA_WHOLE),
    needs=STREAMED_SCHEMAS,
)
def finishes_with_stop(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if document(exchange) is MISSING:
            raise NotApplicable("the answer is no JSON")
        if exchange.finish not in FINISH_REASONS:
            raise NotApplicable(f"it ended with {exchange.finish}, judged elsewhere")
        if exchange.finish != "stop":
            yield Finding(
                "the document is complete, but not finished",
                expected="finish reason stop",
                actual=f"{exchange.finish}",
                at=reply_location(exchange),
            )


@fault(breaks=finishes_with_stop)
def document_by_way_of_a_tool(reply: Reply) -> Reply:
    """A gateway makes forms by a hidden tool, and its finish reason gets through."""
    if named(reply) != "answer":
        return reply
    return _finishing(reply, "stop", "tool_calls")


def _finishing(reply: Reply, before: str, after: str) -> Reply:
    def changed(value: Json) -> Json:
        listed = value.get("choices") if isinstance(value, dict) else None
        for choice in listed if isinstance(listed, list) else ():
            if isinstance(choice, dict) and choice.get("finish_reason") == before:
                choice["finish_reason"] = after
        return value

    return reply.change(changed)


@check(
    "structured.cut-gives-length",
    "A reply whose document was cut by max_tokens MUST finish with length.",
    source=f"{OPENAI_JSON} (the content may be partially cut off)",
    sends=(CUT_STREAMED, CUT_WHOLE),
    needs=STREAMED_SCHEMAS,
)
def cut_gives_length(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish not in FINISH_REASONS:
            raise NotApplicable(f"it ended with {exchange.finish}, judged elsewhere")
        if exchange.finish == "length":
            continue
        if isinstance(parsed(exchange.answer), dict):
            raise NotApplicable("the document was complete before it could be cut")
        yield Finding(
            "half a document is called finished",
            expected="finish reason length",
            actual=f"{exchange.finish} with {shorten(exchange.answer)!r}",
            at=reply_location(exchange),
        )


@fault(breaks=cut_gives_length, also=("reasoning.cut-gives-length",))
def cut_document_called_finished(reply: Reply) -> Reply:
    """Whatever ends the grammar's run is called stop, the limit too."""
    return _finishing(reply, "length", "stop") if form(reply) else reply


@check(
    "structured.text-is-the-default",
    "The response_format text MUST mean what no response_format means.",
    source=f"{OPENAI_JSON}; {MISTRAL_JSON}",
    sends=(PLAIN, TEXT),
    needs={Capability.JSON_OBJECT, Capability.SEED},
)
def text_is_the_default(plain: Exchange, text: Exchange) -> Findings:
    if not any(exchange.choices for exchange in (plain, text)):
        raise NotApplicable("no reply holds a choice")
    for name, seen, wanted in (
        ("answer", text.answer, plain.answer),
        ("reasoning", text.reasoning, plain.reasoning),
    ):
        if seen != wanted:
            yield Finding(
                f"with the format text the {name} is another",
                expected=shorten(wanted) or "nothing",
                actual=shorten(seen) or "nothing",
                at=reply_location(text),
            )


@fault(breaks=text_is_the_default)
def text_taken_as_json(reply: Reply) -> Reply:
    """Any response format turns the grammar on, and a text comes as a JSON string."""
    options = reply.probe.options if reply.probe is not None else None
    if options is None or options.response_format != '{"type":"text"}':
        return reply
    return reworded(reply, json.dumps)
