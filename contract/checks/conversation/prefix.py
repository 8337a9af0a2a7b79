"""Prefix checks: continuing an assistant message, whole and streamed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.conversation.prompt_cost import costs_more
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.answered import visible_text
from contract.model.chat import Message, Options, Piece, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import MAX_TOKENS, user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

MISTRAL_PREFIX = "https://docs.mistral.ai/capabilities/completion/prefix"
VLLM_CONTINUE = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server"
SOURCE = f"{MISTRAL_PREFIX}; {VLLM_CONTINUE}: continue_final_message"
PREFIX = frozenset({Capability.PREFIX})
STREAMED = PREFIX | {Capability.STREAMING}
PREFIX_TEXT = "The answer"
WITHOUT_PREFIX = Probe(
    name="to-be-continued-without",
    messages=(user("Repeat exactly: The answer is 42"),),
    options=Options(max_tokens=1, temperature=0.0, seed=7),
    reasons=False,
)
CONTINUED = replace(
    WITHOUT_PREFIX,
    name="to-be-continued",
    messages=(*WITHOUT_PREFIX.messages, Message("assistant", PREFIX_TEXT, prefix=True)),
    options=replace(WITHOUT_PREFIX.options, max_tokens=MAX_TOKENS),
)
CONTINUED_STREAM = replace(CONTINUED, name="to-be-continued-streamed", stream=True)


@check(
    "conversation.prefix-is-read",
    "A message to be continued MUST be part of the prompt.",
    source=SOURCE,
    sends=(WITHOUT_PREFIX, CONTINUED),
    combined=exact_prompts(CONTINUED),
    needs=PREFIX,
)
def prefix_is_read(without: Exchange, continued: Exchange) -> Findings:
    """Its text, with no end of turn after it; llama.cpp adds empty reasoning."""
    yield from costs_more(continued, without, "the prefix")


@fault(breaks=prefix_is_read)
def prefix_dropped(reply: Reply) -> Reply:
    """A gateway drops the last message because it is not a user message."""

    def misread(probe: Probe) -> Probe:
        kept = tuple(turn for turn in probe.messages if not turn.prefix)
        return replace(probe, messages=kept)

    return misreport_prompt(reply, misread)


@check(
    "conversation.prefix-begins-no-thought",
    "A continued answer MUST NOT begin with new reasoning.",
    source=SOURCE,
    sends=(CONTINUED, CONTINUED_STREAM),
    needs=STREAMED | {Capability.REASONING},
)
def prefix_begins_no_thought(*exchanges: Exchange) -> Findings:
    """The answer has already begun, so only answer text may follow."""
    if not any(exchange.choices for exchange in exchanges):
        raise NotApplicable("no reply contains a choice")
    for exchange in exchanges:
        if exchange.reasoning:
            yield Finding(
                "reasoning follows the beginning of the answer",
                expected="only answer text",
                actual=shorten(exchange.reasoning),
                at=exchange.probe.name,
            )


def _continues(reply: Reply) -> bool:
    turns = reply.probe.messages if reply.probe is not None else ()
    return bool(turns) and turns[-1].prefix


@fault(breaks=prefix_begins_no_thought)
def continued_with_a_thought(reply: Reply) -> Reply:
    """The template opens a new turn after the prefix, and the model reasons again."""
    if not _continues(reply):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        yield replace(
            pieces[0], kind=PieceKind.REASONING, text="Let me see what they want."
        )
        yield from pieces

    return rewrite_pieces(reply, changed)


@check(
    "conversation.prefix-is-not-doubled",
    "A continued answer SHOULD contain the prefix once, at its start, or not at all.",
    source=f"{MISTRAL_PREFIX}: included; {VLLM_CONTINUE}: echo is off by default",
    sends=(CONTINUED, CONTINUED_STREAM),
    needs=STREAMED,
)
def prefix_is_not_doubled(*exchanges: Exchange) -> Findings:
    """Mistral and llama.cpp include it; vLLM sends only what follows it."""
    for exchange in exchanges:
        answer = exchange.answer.strip()
        if not answer:
            raise NotApplicable("the continued answer is empty")
        if answer.count(PREFIX_TEXT) > 1:
            yield Finding(
                "the answer contains the prefix more than once",
                expected=f"{spell(PREFIX_TEXT)} once, or only what follows it",
                actual=shorten(spell(answer)),
                at=exchange.probe.name,
            )


@fault(breaks=prefix_is_not_doubled)
def prefix_spoken_again(reply: Reply) -> Reply:
    """The prefix is prepended to an answer that already contains it."""
    if not _continues(reply):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        rest = "".join(piece.text for piece in pieces).removeprefix(PREFIX_TEXT)
        yield Piece(
            PieceKind.ANSWER, f"{PREFIX_TEXT}{PREFIX_TEXT}{rest}", pieces[0].choice
        )

    return rewrite_pieces(reply, changed)


@check(
    "conversation.prefix-streams-the-same",
    "A continued answer SHOULD be the same whether streamed or whole.",
    source=SOURCE,
    sends=(CONTINUED_STREAM, CONTINUED),
    needs=STREAMED | {Capability.SEED},
)
def prefix_streams_the_same(streamed: Exchange, whole: Exchange) -> Findings:
    """Both contain the prefix, or neither does."""
    if not any(visible_text(streamed)) or not any(visible_text(whole)):
        raise NotApplicable("a continued answer is empty")
    if visible_text(streamed) != visible_text(whole):
        yield Finding(
            "the streamed answer differs from the whole one",
            expected=shorten(spell(whole.answer)),
            actual=shorten(spell(streamed.answer)),
            at=streamed.probe.name,
        )


@fault(breaks=prefix_streams_the_same)
def prefix_left_out_of_streams(reply: Reply) -> Reply:
    """Whole answers include the prefix, streamed ones do not (llama.cpp b11434)."""
    if not reply.streamed or not _continues(reply):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        text = "".join(piece.text for piece in pieces)
        # Where whole answers lack the prefix, add it to the stream instead.
        other = (
            text.removeprefix(PREFIX_TEXT)
            if text.startswith(PREFIX_TEXT)
            else PREFIX_TEXT + text
        )
        yield Piece(PieceKind.ANSWER, other, pieces[0].choice)

    return rewrite_pieces(reply, changed)
