"""That a reply has its thought and its answer, each as what it is."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.reasoning.thoughts import (
    APART,
    as_answer,
    as_thought,
    choices,
    in_content_parts,
    location,
    unanswered,
)
from contract.checks.sources import (
    MISTRAL_REASONING,
    MODEL_CARD,
)
from contract.model.chat import (
    Message,
    Options,
    Piece,
    PieceKind,
    Probe,
    ToolCall,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probes import (
    MAX_TOKENS,
    SUM,
    SUM_WHOLE,
    TWO_CHOICES,
    WEATHER,
    user,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import (
    decode_reply,
    rewrite_pieces,
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


@check(
    "reasoning.present",
    "A reply that finished with stop MUST hold both a thought and an answer.",
    source=MODEL_CARD,
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def present(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish == "length":
            raise NotApplicable("the reply was cut before it could finish")
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            if not exchange.text_of(kind).strip():
                yield Finding(
                    f"the reply has no {kind.value}",
                    expected=f"{kind.value} text",
                    actual=shorten([(p.kind.value, p.text) for p in exchange.pieces]),
                    at=location(exchange),
                )


@fault(breaks=present, also=("reasoning", "multimodal"))
def thought_dropped(reply: Reply) -> Reply:
    """A proxy forwards the answer and drops the thought (litellm#16272)."""
    return rewrite_pieces(
        reply, lambda said: [p for p in said if p.kind != PieceKind.REASONING]
    )


@check(
    "reasoning.answer-arrives",
    "A reply that finished with stop MUST carry its answer as answer.",
    source="BerriAI/litellm#14917",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
)
def answer_arrives(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from unanswered(exchange)


@fault(
    breaks=answer_arrives,
    also=(
        "conversation.prefix-begins-no-thought",
        "reasoning",
        "usage",
        "structured",
    ),
)
def answer_filed_as_thought(reply: Reply) -> Reply:
    """Nothing ends the thought, so the answer is filed under it (litellm#14917)."""
    return rewrite_pieces(reply, as_thought)


@check(
    "reasoning.answer-without-thought",
    "An answer that no thought precedes MUST arrive as answer.",
    source="vllm-project/vllm#30139",
    sends=HELLO,
)
def answer_without_thought(exchange: Exchange) -> Findings:
    yield from unanswered(exchange)


@fault(
    breaks=answer_without_thought,
    also=(
        "conversation.prefix-begins-no-thought",
        "reasoning.off-means-off",
    ),
)
def unmarked_taken_for_thought(reply: Reply) -> Reply:
    """Output without [THINK] is taken for a thought without end (vllm#30139)."""
    system = reply.dialect.system is not None
    asked = reply.probe.messages if reply.probe is not None else ()
    prompted = system and any(message.role == "system" for message in asked)
    if prompted or (not system and decode_reply(reply).reasoning):
        return reply
    return rewrite_pieces(reply, as_thought)


@check(
    "reasoning.answer-after-tool",
    "The answer to a tool's result MUST arrive as answer.",
    source="sgl-project/sglang#26716",
    sends=AFTER_TOOL,
    needs={Capability.TOOLS},
)
def answer_after_tool(exchange: Exchange) -> Findings:
    yield from unanswered(exchange)


@fault(breaks=answer_after_tool)
def tool_turn_filed_as_thought(reply: Reply) -> Reply:
    """After a tool's result the answer is labelled reasoning (sglang#26716)."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if not any(message.role == "tool" for message in asked):
        return reply
    return rewrite_pieces(reply, as_thought)


@check(
    "reasoning.in-every-choice",
    "Every choice MUST have its own thought and its own answer.",
    source="0xPlaygrounds/rig#2337",
    sends=TWO_CHOICES,
    needs=APART | {Capability.CHOICES},
)
def in_every_choice(exchange: Exchange) -> Findings:
    for choice in range(2):
        if "length" in exchange.finishes.get(choice, ()):
            raise NotApplicable(f"choice {choice} was cut before it could finish")
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            if not exchange.text_of(kind, choice).strip():
                yield Finding(
                    f"choice {choice} has no {kind.value}",
                    expected=f"{kind.value} text in choices 0 and 1",
                    actual=f"choices {list(choices(exchange))}",
                    at=location(exchange),
                )


@fault(breaks=in_every_choice)
def later_choice_unparsed(reply: Reply) -> Reply:
    """Only the first choice goes through the reasoning parser (rig#2337)."""

    def unparsed(said: tuple[Piece, ...]) -> list[Piece]:
        return as_answer(said) if said[0].choice else list(said)

    return rewrite_pieces(reply, unparsed)


@check(
    "reasoning.off-means-off",
    "A request that switches thinking off MUST get no thought.",
    source=MISTRAL_REASONING,
    sends=HELLO,
    needs={Capability.REASONING},
)
def off_means_off(exchange: Exchange) -> Findings:
    """Where a thought is asked for by its prompt alone, there is nothing to switch."""
    if not _has_switch(exchange.profile.dialect):
        raise NotApplicable("this dialect has no switch for thinking")
    if not exchange.answer and not exchange.reasoning:
        raise NotApplicable("the reply says nothing")
    if exchange.reasoning:
        yield Finding(
            "the model thought although told not to",
            expected="an answer without a thought",
            actual=f"reasoning {shorten(exchange.reasoning)!r}",
            at=location(exchange),
        )


def _has_switch(dialect: Dialect) -> bool:
    """Whether a body that asks for no thought differs in more than its messages."""
    plain = dialect.request(HELLO, "model")
    asking = dialect.request(replace(HELLO, reasons=True), "model")
    return any(
        (name in plain, plain.get(name)) != (name in asking, asking.get(name))
        for name in (plain.keys() | asking.keys()) - {"messages"}
    )


@fault(
    breaks=off_means_off,
    where=in_content_parts,
    also=("conversation.prefix-begins-no-thought",),
)
def switch_ignored(reply: Reply) -> Reply:
    """The switch is accepted and forgotten; the model thinks (dimetron/pi-go#245)."""
    if reply.probe is None or reply.probe.reasons:
        return reply

    def thought(said: tuple[Piece, ...]) -> tuple[Piece, ...]:
        if any(piece.kind is PieceKind.REASONING for piece in said):
            return said
        musing = Piece(PieceKind.REASONING, "The user greets me.", said[0].choice)
        return (musing, *said)

    return rewrite_pieces(reply, thought)
