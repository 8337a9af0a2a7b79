"""Forms beside tools, and forms that cannot be kept."""

from __future__ import annotations

from collections.abc import Iterator

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import refused
from contract.checks.sources import (
    MISTRAL_JSON,
    OPENAI_JSON,
    VLLM_JSON,
)
from contract.checks.structured.asking import (
    INVALID,
    NAMELESS,
    WITH_IDLE_TOOLS,
    WITH_TOOLS,
)
from contract.checks.structured.document import (
    SCHEMAS,
    answer,
    document,
    fits,
    named,
    reply_location,
    reworded,
    wanted,
)
from contract.model.chat import (
    Piece,
    PieceKind,
)
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    check,
    fault,
    shorten,
)
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
    if reason := mismatch(wanted(exchange), document(exchange)):
        yield Finding(
            f"neither a call nor an answer in the form asked for: {reason}",
            expected=f"a call, or {shorten(wanted(exchange))}",
            actual=shorten(answer(exchange)) or "nothing",
            at=reply_location(exchange),
        )


@fault(breaks=beside_tools)
def words_beside_tools(reply: Reply) -> Reply:
    """The form suppresses the call, and the words that announce it are all there is."""
    probe = reply.probe
    if probe is None or not probe.options.tools or named(reply) is None:
        return reply

    def announced(said: tuple[Piece, ...]) -> Iterator[Piece]:
        calls = [piece for piece in said if piece.kind is PieceKind.TOOL]
        yield from (piece for piece in said if piece.kind is not PieceKind.TOOL)
        if calls:
            yield Piece(PieceKind.ANSWER, "I will look it up.", said[0].choice)

    return rewrite_pieces(reply, announced)


@check(
    "structured.tools-leave-the-form",
    "A json_schema MUST be satisfied also where tools are given and none is wanted.",
    source=f"vllm-project/vllm#39929; {VLLM_JSON}; {MISTRAL_JSON}",
    sends=WITH_IDLE_TOOLS,
    needs=WITH_BOTH,
    unless="tool-choice-ignored",
)
def tools_leave_the_form(exchange: Exchange) -> Findings:
    yield from fits(exchange)


@fault(breaks=tools_leave_the_form)
def form_lost_beside_tools(reply: Reply) -> Reply:
    """The grammar of the tools replaces that of the form, and prose comes back."""
    probe = reply.probe
    if probe is None or not probe.options.tools or named(reply) is None:
        return reply
    return reworded(reply, lambda _: "The answer is 42.")


@check(
    "structured.invalid-schema-is-refused",
    "A json_schema that is no valid JSON Schema MUST be refused.",
    source=f"{VLLM_JSON}; {OPENAI_JSON}",
    sends=INVALID,
    needs=SCHEMAS,
    expects=ANY,
)
def invalid_schema_is_refused(exchange: Exchange) -> Findings:
    yield from refused(exchange)


accepts_invalid_schema = accepts(
    invalid_schema_is_refused, "A schema that nothing can fit is taken for no schema."
)


@check(
    "structured.name-is-demanded",
    "A json_schema without its name MUST be refused.",
    source=f"Mistral API specification, JsonSchema; {OPENAI_JSON}",
    sends=NAMELESS,
    needs=SCHEMAS,
    expects=ANY,
    unless="response-format-name-missing",
)
def name_is_demanded(exchange: Exchange) -> Findings:
    yield from refused(exchange)


accepts_nameless_schema = accepts(
    name_is_demanded, "A schema without the name that the API demands is taken."
)
