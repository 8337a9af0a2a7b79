"""Checks of schemas combined with tools, and of invalid schemas."""

from __future__ import annotations

from collections.abc import Iterator

from contract.checks.faults.rejection import acceptance_fault
from contract.checks.judging.rejection import expect_rejected
from contract.checks.sources import MISTRAL_JSON, OPENAI_JSON, VLLM_JSON
from contract.checks.structured.document import (
    SCHEMAS,
    document,
    finished_answer,
    reply_location,
    requested_schema,
    rewrite_answer,
    satisfies_schema,
    schema_name,
)
from contract.checks.structured.probes import (
    INVALID,
    LOOSE_AT_ONCE,
    NAMELESS,
    WITH_IDLE_TOOLS,
    WITH_TOOLS,
)
from contract.model.chat import Piece, PieceKind
from contract.model.check import ANY, Finding, Findings, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.schema.validate import mismatch

WITH_BOTH = SCHEMAS | {Capability.TOOLS}


@check(
    "structured.beside-tools",
    "A reply to tools and a json_schema MUST be a call or JSON that satisfies it.",
    source=f"vllm-project/vllm#39929; {OPENAI_JSON}",
    sends=WITH_TOOLS,
    needs=WITH_BOTH,
)
def beside_tools(exchange: Exchange) -> Findings:
    if any(piece.kind is PieceKind.TOOL for piece in exchange.pieces):
        return
    if reason := mismatch(requested_schema(exchange), document(exchange)):
        yield Finding(
            f"the reply is neither a call nor satisfies the schema: {reason}",
            expected=f"a call, or {shorten(requested_schema(exchange))}",
            actual=shorten(finished_answer(exchange)) or "nothing",
            at=reply_location(exchange),
        )


@fault(breaks=beside_tools)
def words_beside_tools(reply: Reply) -> Reply:
    """The schema suppresses the tool call, and only the announcing text is sent."""
    probe = reply.probe
    if probe is None or not probe.options.tools or schema_name(reply) is None:
        return reply

    def replace_calls(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        others = [piece for piece in pieces if piece.kind is not PieceKind.TOOL]
        yield from others
        if len(others) < len(pieces):
            yield Piece(PieceKind.ANSWER, "I will look it up.", pieces[0].choice)

    return rewrite_pieces(reply, replace_calls)


@check(
    "structured.tools-leave-the-form",
    "A json_schema MUST also be satisfied if tools are given and tool_choice is none.",
    source=f"vllm-project/vllm#39929; {VLLM_JSON}; {MISTRAL_JSON}",
    sends=WITH_IDLE_TOOLS,
    combined=LOOSE_AT_ONCE,
    needs=WITH_BOTH,
    unless="tool-choice-ignored",
)
def tools_leave_the_form(exchange: Exchange) -> Findings:
    yield from satisfies_schema(exchange)


@fault(breaks=tools_leave_the_form)
def form_lost_beside_tools(reply: Reply) -> Reply:
    """The grammar of the tools replaces that of the schema, so prose is returned."""
    probe = reply.probe
    if probe is None or not probe.options.tools or schema_name(reply) is None:
        return reply
    return rewrite_answer(reply, lambda _: "The answer is 42.")


@check(
    "structured.invalid-schema-is-refused",
    "A json_schema that is not a valid JSON Schema MUST be rejected.",
    source=f"{VLLM_JSON}; {OPENAI_JSON}",
    sends=INVALID,
    needs=SCHEMAS,
    expects=ANY,
)
def invalid_schema_is_refused(exchange: Exchange) -> Findings:
    yield from expect_rejected(exchange)


accepts_invalid_schema = acceptance_fault(
    invalid_schema_is_refused,
    "A schema that nothing can satisfy is treated as no schema.",
)


@check(
    "structured.name-is-demanded",
    "A json_schema without a name MUST be rejected.",
    source=f"Mistral API specification, JsonSchema; {OPENAI_JSON}",
    sends=NAMELESS,
    needs=SCHEMAS,
    expects=ANY,
    unless="response-format-name-missing",
)
def name_is_demanded(exchange: Exchange) -> Findings:
    yield from expect_rejected(exchange)


accepts_nameless_schema = acceptance_fault(
    name_is_demanded, "A schema without the required name is accepted."
)
