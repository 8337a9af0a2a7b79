"""Checks that a reply has reasoning and an answer, each labelled as such."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.requests import RESULTS_WHOLE
from contract.checks.judging.answered import WITHOUT_TEXT, generated_nothing
from contract.checks.reasoning.reasoning_text import (
    NO_TEXT,
    STREAMED_REASONING,
    answer_as_reasoning,
    choices_with_text,
    expects_text,
    has_thinking_chunks,
    location,
    missing_answer,
    missing_parts,
    reasoning_as_answer,
    without_reasoning,
)
from contract.checks.sources import MISTRAL_REASONING, MODEL_CARD
from contract.model.chat import Message, Options, Piece, PieceKind, ToolCall
from contract.model.check import (
    Combined,
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
from contract.model.probe import Probe
from contract.model.probes import MAX_TOKENS, SUM, SUM_WHOLE, TWO_CHOICES, WEATHER, user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_pieces
from contract.portable.requirement import decided
from contract.portable.schemas import (
    NEVER,
    SAID,
    TEXT,
    anything_but,
    at_most,
    both,
    either,
    every,
    has,
    matching,
    one_of,
    some,
)

HELLO = Probe(
    name="hello-unprompted",
    messages=(user("hello"),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    reasons=False,
)
AFTER_TOOL = Probe(
    name="after-tool-whole",
    messages=(
        user("What is the weather in Paris right now?"),
        Message(
            "assistant",
            "",
            tool_calls=(ToolCall("w3ath3r01", "get_weather", '{"city":"Paris"}'),),
        ),
        Message("tool", '{"sky":"sunny","celsius":21}', tool_call_id="w3ath3r01"),
    ),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7, tools=(WEATHER,)),
)

# A choice that must have an answer.
_ENDED = has(finish="stop", calls=0)


@check(
    "reasoning.present",
    "A reply that finishes with stop MUST contain both reasoning and an answer.",
    source=MODEL_CARD,
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_REASONING,
)
@decided(has(reasoning=TEXT, answer=TEXT), when=has(finish=anything_but("length")))
def present(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from missing_parts(exchange)


@fault(
    breaks=present,
    also=("reasoning", "multimodal", "conversation.later-turns-are-sound"),
)
def thought_dropped(reply: Reply) -> Reply:
    """A proxy forwards the answer and drops the reasoning (litellm#16272)."""
    return rewrite_pieces(reply, without_reasoning)


@check(
    "reasoning.answer-arrives",
    "A reply that finishes with stop MUST contain its answer as answer text.",
    source="BerriAI/litellm#14917",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
    every=Scope.ANSWERS,
)
@decided(
    has(choices=every(either(anything_but(_ENDED), has(order=matching("answer"))))),
    when=both(
        has(
            request=has(
                lastRole=one_of(("user", "tool")), lastIsBlank=False, steered=False
            )
        ),
        anything_but(has(usage=has(completion_tokens=at_most(WITHOUT_TEXT)))),
        has(choices=some(_ENDED)),
    ),
)
def answer_arrives(exchange: Exchange) -> Findings:
    """Judged in each choice that finished with stop and calls no tool."""
    if not expects_text(exchange):
        raise NotApplicable("the request may be answered with no text at all")
    if generated_nothing(exchange):
        raise NotApplicable("the model generated nothing but control tokens")
    calling = {p.choice for _, p in exchange.folded_pieces if p.kind is PieceKind.TOOL}
    ended = [
        choice
        for choice, reasons in sorted(exchange.finishes.items())
        if reasons[-1:] == ("stop",) and choice not in calling
    ]
    if not ended:
        raise NotApplicable("no choice without a tool call finished with stop")
    for choice in ended:
        if not exchange.text_of(PieceKind.ANSWER, choice).strip():
            reasoning = exchange.text_of(PieceKind.REASONING, choice)
            yield Finding(
                f"choice {choice} finished without an answer",
                expected="answer text",
                actual=f"reasoning {spell(shorten(reasoning))}"
                if reasoning
                else "no text",
                at=location(exchange),
            )


@fault(
    breaks=answer_arrives,
    also=(
        "conversation.prefix-begins-no-thought",
        "conversation.later-turns-are-sound",
        "reasoning",
        "usage",
        "structured",
    ),
)
def answer_filed_as_thought(reply: Reply) -> Reply:
    """The end of the reasoning is missed; the answer is part of it (litellm#14917)."""
    return rewrite_pieces(reply, answer_as_reasoning)


@check(
    "reasoning.answer-without-thought",
    "An answer without preceding reasoning MUST arrive as answer text.",
    source="vllm-project/vllm#30139",
    sends=HELLO,
)
@decided(has(answer=TEXT), when=has(finish="stop"))
def answer_without_thought(exchange: Exchange) -> Findings:
    yield from missing_answer(exchange)


@fault(
    breaks=answer_without_thought,
    also=(
        "conversation.prefix-begins-no-thought",
        "reasoning.off-means-off",
    ),
)
def unmarked_taken_for_thought(reply: Reply) -> Reply:
    """Output without [THINK] is treated as unterminated reasoning (vllm#30139)."""
    by_prompt = reply.dialect.system is not None
    messages = reply.probe.messages if reply.probe is not None else ()
    prompted = by_prompt and any(message.role == "system" for message in messages)
    if prompted or (not by_prompt and decode_reply(reply).reasoning):
        return reply
    return rewrite_pieces(reply, answer_as_reasoning)


@check(
    "reasoning.answer-after-tool",
    "The answer to a tool result MUST arrive as answer text.",
    source="sgl-project/sglang#26716",
    sends=AFTER_TOOL,
    needs={Capability.TOOLS},
    combined=Combined(sends=(RESULTS_WHOLE,)),
)
@decided(has(answer=TEXT), when=has(finish="stop"))
def answer_after_tool(exchange: Exchange) -> Findings:
    yield from missing_answer(exchange)


@fault(breaks=answer_after_tool)
def tool_turn_filed_as_thought(reply: Reply) -> Reply:
    """After a tool result the answer is labelled as reasoning (sglang#26716)."""
    messages = reply.probe.messages if reply.probe is not None else ()
    if not any(message.role == "tool" for message in messages):
        return reply
    return rewrite_pieces(reply, answer_as_reasoning)


@check(
    "reasoning.in-every-choice",
    "Every choice MUST have its own reasoning and its own answer.",
    source="0xPlaygrounds/rig#2337",
    sends=TWO_CHOICES,
    needs=STREAMED_REASONING | {Capability.CHOICES},
)
@decided(
    has(
        texts=both(
            some(has(index=0, reasoning=TEXT, answer=TEXT)),
            some(has(index=1, reasoning=TEXT, answer=TEXT)),
        )
    ),
    when=anything_but(
        has(choices=some(has(index=one_of((0, 1)), finishReasons=some("length"))))
    ),
)
def in_every_choice(exchange: Exchange) -> Findings:
    for choice in range(2):
        if "length" in exchange.finishes.get(choice, ()):
            raise NotApplicable(f"choice {choice} was cut off")
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            if not exchange.text_of(kind, choice).strip():
                yield Finding(
                    f"choice {choice} has no {kind.value}",
                    expected=f"{kind.value} text in choices 0 and 1",
                    actual=f"text in choices {list(choices_with_text(exchange))}",
                    at=location(exchange),
                )


@fault(breaks=in_every_choice)
def later_choice_unparsed(reply: Reply) -> Reply:
    """The reasoning parser processes only the first choice (rig#2337)."""

    def change(pieces: tuple[Piece, ...]) -> list[Piece]:
        return reasoning_as_answer(pieces) if pieces[0].choice else list(pieces)

    return rewrite_pieces(reply, change)


@check(
    "reasoning.off-means-off",
    "A request that disables reasoning MUST be answered without reasoning.",
    source=MISTRAL_REASONING,
    sends=HELLO,
    needs={Capability.REASONING},
)
@decided(
    has(reasoning=""), when=lambda dialect: SAID if _has_switch(dialect) else NEVER
)
def off_means_off(exchange: Exchange) -> Findings:
    """Not applicable to dialects that request reasoning only by the system prompt."""
    if not _has_switch(exchange.profile.dialect):
        raise NotApplicable("this dialect has no parameter to disable reasoning")
    if not exchange.answer and not exchange.reasoning:
        raise NotApplicable(NO_TEXT)
    if exchange.reasoning:
        yield Finding(
            "the reply has reasoning although the request disables it",
            expected="an answer without reasoning",
            actual=f"reasoning {spell(shorten(exchange.reasoning))}",
            at=location(exchange),
        )


def _has_switch(dialect: Dialect) -> bool:
    """Whether disabling reasoning changes a member of the body besides messages."""
    off = dialect.request(HELLO, "model")
    on = dialect.request(replace(HELLO, reasons=True), "model")
    return any(
        (name in off, off.get(name)) != (name in on, on.get(name))
        for name in (off.keys() | on.keys()) - {"messages"}
    )


@fault(
    breaks=off_means_off,
    where=has_thinking_chunks,
    also=("conversation.prefix-begins-no-thought",),
)
def switch_ignored(reply: Reply) -> Reply:
    """The parameter is accepted and ignored; the model reasons (dimetron/pi-go#245)."""
    if reply.probe is None or reply.probe.reasons:
        return reply

    def change(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        if any(piece.kind is PieceKind.REASONING for piece in pieces):
            return pieces
        first = Piece(PieceKind.REASONING, "The user greets me.", pieces[0].choice)
        return (first, *pieces)

    return rewrite_pieces(reply, change)
