"""That a prefix is continued: no new thought, nothing twice, streamed as whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.conversation.prompt_cost import costs_more
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.answered import visible_text
from contract.model.chat import (
    Message,
    Options,
    Piece,
    PieceKind,
    Probe,
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
from contract.model.probes import (
    MAX_TOKENS,
    user,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

MISTRAL_PREFIX = "https://docs.mistral.ai/capabilities/completion/prefix"
VLLM_CONTINUE = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server"
SOURCE = f"{MISTRAL_PREFIX}; {VLLM_CONTINUE}: continue_final_message"
PREFIX = frozenset({Capability.PREFIX})
STREAMED = PREFIX | {Capability.STREAMING}
BEGUN = "The answer"
ASKED = Probe(
    name="to-be-continued-without",
    messages=(user("Repeat exactly: The answer is 42"),),
    options=Options(max_tokens=1, temperature=0.0, seed=7),
    reasons=False,
)
CONTINUED = replace(
    ASKED,
    name="to-be-continued",
    messages=(*ASKED.messages, Message("assistant", BEGUN, prefix=True)),
    options=replace(ASKED.options, max_tokens=MAX_TOKENS),
)
CONTINUED_STREAM = replace(CONTINUED, name="to-be-continued-streamed", stream=True)


@check(
    "conversation.prefix-is-read",
    "A message to be continued MUST be part of the prompt.",
    source=SOURCE,
    sends=(ASKED, CONTINUED),
    needs=PREFIX,
)
def prefix_is_read(without: Exchange, continued: Exchange) -> Findings:
    """Its text, and no end of turn after it; llama.cpp adds an empty thought."""
    yield from costs_more(continued, without, "the prefix")


@fault(breaks=prefix_is_read)
def prefix_dropped(reply: Reply) -> Reply:
    """A gateway cuts off the last message, because it is not the user's."""

    def misread(probe: Probe) -> Probe:
        kept = tuple(turn for turn in probe.messages if not turn.prefix)
        return replace(probe, messages=kept)

    return misreport_prompt(reply, misread)


@check(
    "conversation.prefix-begins-no-thought",
    "A continued answer MUST NOT begin with a new thought.",
    source=SOURCE,
    sends=(CONTINUED, CONTINUED_STREAM),
    needs=STREAMED | {Capability.REASONING},
)
def prefix_begins_no_thought(*exchanges: Exchange) -> Findings:
    """The answer has begun, so what follows is answer and nothing else."""
    if not any(exchange.choices for exchange in exchanges):
        raise NotApplicable("no reply holds a choice")
    for exchange in exchanges:
        if exchange.reasoning:
            yield Finding(
                "a thought came after the beginning of the answer",
                expected="answer text alone",
                actual=shorten(exchange.reasoning),
                at=exchange.probe.name,
            )


def _continues(reply: Reply) -> bool:
    turns = reply.probe.messages if reply.probe is not None else ()
    return bool(turns) and turns[-1].prefix


@fault(breaks=prefix_begins_no_thought)
def continued_with_a_thought(reply: Reply) -> Reply:
    """The template opens a new turn after the prefix, and the model thinks anew."""
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
    "A continued answer SHOULD hold the prefix at its start or not at all.",
    source=f"{MISTRAL_PREFIX}: included; {VLLM_CONTINUE}: echo is off by default",
    sends=(CONTINUED, CONTINUED_STREAM),
    needs=STREAMED,
)
def prefix_is_not_doubled(*exchanges: Exchange) -> Findings:
    """Mistral and llama.cpp send it along, vLLM sends what follows it."""
    for exchange in exchanges:
        answer = exchange.answer.strip()
        if not answer:
            raise NotApplicable("nothing was said after the prefix")
        if answer.count(BEGUN) > 1:
            yield Finding(
                "the answer begins anew",
                expected=f"{BEGUN!r} once, or what follows it",
                actual=shorten(repr(answer)),
                at=exchange.probe.name,
            )


@fault(breaks=prefix_is_not_doubled)
def prefix_spoken_again(reply: Reply) -> Reply:
    """The prefix is put before an answer that repeats it."""
    if not _continues(reply):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        rest = "".join(piece.text for piece in pieces).removeprefix(BEGUN)
        yield Piece(PieceKind.ANSWER, f"{BEGUN}{BEGUN}{rest}", pieces[0].choice)

    return rewrite_pieces(reply, changed)


@check(
    "conversation.prefix-streams-the-same",
    "A continued answer SHOULD be the same streamed and whole.",
    source=SOURCE,
    sends=(CONTINUED_STREAM, CONTINUED),
    needs=STREAMED | {Capability.SEED},
)
def prefix_streams_the_same(streamed: Exchange, whole: Exchange) -> Findings:
    """With the prefix in both, or in neither."""
    if not any(visible_text(streamed)) or not any(visible_text(whole)):
        raise NotApplicable("nothing was said after the prefix")
    if visible_text(streamed) != visible_text(whole):
        yield Finding(
            "the stream says something else",
            expected=shorten(repr(whole.answer)),
            actual=shorten(repr(streamed.answer)),
            at=streamed.probe.name,
        )


@fault(breaks=prefix_streams_the_same)
def prefix_left_out_of_streams(reply: Reply) -> Reply:
    """Whole answers begin with the prefix, streams after it (llama.cpp b11434)."""
    if not reply.streamed or not _continues(reply):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        text = "".join(piece.text for piece in pieces)
        # Where neither holds the prefix, the stream alone shall hold it.
        other = text.removeprefix(BEGUN) if text.startswith(BEGUN) else BEGUN + text
        yield Piece(PieceKind.ANSWER, other, pieces[0].choice)

    return rewrite_pieces(reply, changed)
