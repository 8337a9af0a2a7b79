"""Checks of the system prompt that the model card recommends: taken, read, followed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.checks.combined import card
from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.sentences import QUESTIONS
from contract.checks.faults.rejection import reject
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.language import is_in, other_language
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    TEKKEN,
    one_token_request,
    token_difference,
)
from contract.checks.judging.usage import usage_location
from contract.checks.reasoning.reasoning_text import (
    STREAMED_REASONING,
    find_markers,
    location,
    without_reasoning,
)
from contract.checks.sources import MODEL_CARD
from contract.model.chat import Message, Piece, PieceKind, Text, Thinking
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

CARD = f"{MODEL_CARD}: basic chat template"
LANGUAGE = "French"  # the prompt is English, so the language is that of the question
# What an answer that stands by itself cannot but name.
SUBJECT = ("glace", "glaçon", "eau")
# They send the same system prompt.
LANGUAGE_CHECKS = (
    "languages.thinks-in-the-language",
    "languages.answers-in-the-language",
)

_QUESTION = user(QUESTIONS[LANGUAGE])
CHUNKS = one_token_request("card-prompt", card.SYSTEM, _QUESTION)
AS_TEXT = one_token_request(
    "card-prompt-as-text", Message("system", card.PROMPT_TEXT), _QUESTION
)
WITHOUT = one_token_request(
    "card-prompt-without-template",
    Message("system", (Text(card.INSTRUCTION), Text(card.CLOSING))),
    _QUESTION,
)
WHOLE = Probe(
    name="recommended-whole",
    messages=(card.SYSTEM, _QUESTION),
    options=card.SAMPLING,
)
STREAMED = replace(WHOLE, name="recommended-streamed", stream=True)


def _is_chunk(dialect: Dialect) -> bool:
    """
    Whether the template is sent so that its markers are control tokens.

    The successors of Magistral take no thinking in a system message, and /v1/responses
    has no such part: there, the template is left out or plain text.
    """
    body = dialect.request(CHUNKS, "magistral")
    return dialect.surface is None and card.TEMPLATE in json.dumps(body)


def _costs_more(longer: Exchange, shorter: Exchange, what: str) -> Findings:
    """Yield a finding unless what *longer* adds to *shorter* is part of the prompt."""
    profile = longer.profile
    reported, exact = token_difference(longer, shorter)
    counted = Capability.TEKKEN in profile.offers and _is_chunk(profile.dialect)
    if reported != exact if counted else reported <= 0:
        expected = f"{exact} more prompt_tokens" if counted else "more prompt_tokens"
        yield Finding(
            f"{what} is not read as it is sent",
            expected=f"{expected} than for {shorter.probe.name}",
            actual=f"{reported} more",
            at=f"{longer.probe.name}, {usage_location(longer)}",
        )


@check(
    "reasoning.card-prompt-is-read",
    "The system prompt of the model card MUST be accepted, and read as it is sent.",
    source=CARD,
    sends=(PLAIN, WITHOUT, CHUNKS, AS_TEXT),
    needs={Capability.REASONING},
    combined=exact_prompts(
        CHUNKS,
        AS_TEXT,
        needs=TEKKEN | {Capability.REASONING, Capability.THINKING_INPUT},
    ),
)
def card_prompt_is_read(
    plain: Exchange, without: Exchange, chunks: Exchange, as_text: Exchange
) -> Findings:
    """
    Sent as the card spells it, with the template as a chunk, and pasted as one text.

    The markers have to be control tokens. A server can encode them so if the request
    states where the template begins, as a chunk does. Of pasted text it is judged that
    it is read at all: whether its markers are control tokens differs between servers.
    """
    yield from _costs_more(chunks, plain, "the system prompt")
    if _is_chunk(chunks.profile.dialect):
        yield from _costs_more(chunks, without, "the template of the thought")
    reported, _ = token_difference(as_text, plain)
    if reported <= 0:
        yield Finding(
            "the system prompt as text is not read",
            expected=f"more prompt_tokens than for {plain.probe.name}",
            actual=f"{reported} more",
            at=f"{as_text.probe.name}, {usage_location(as_text)}",
        )


@fault(breaks=card_prompt_is_read, where=_is_chunk)
def system_thinking_dropped(reply: Reply) -> Reply:
    """The chat template prints the text parts of a system message and no others."""
    if reply.probe is None or not _is_the_cards(reply.probe.messages):
        return reply

    def misread(probe: Probe) -> Probe:
        system, *turns = probe.messages
        kept = tuple(part for part in system.parts if not isinstance(part, Thinking))
        return replace(probe, messages=(replace(system, content=kept), *turns))

    return misreport_prompt(reply, misread)


@fault(
    breaks=card_prompt_is_read,
    where=_is_chunk,
    also=("reasoning.card-prompt-is-followed", *LANGUAGE_CHECKS),
)
def system_thinking_refused(reply: Reply) -> Reply:
    """The chat template stops at a thinking chunk: unsupported content type."""
    sent = reply.probe.messages if reply.probe is not None else ()
    if not _is_the_cards(sent):
        return reply
    return reject(
        reply, "/messages/0/content/1/type", "thinking", "unsupported content type"
    )


def _is_the_cards(messages: tuple[Message, ...]) -> bool:
    """Whether a conversation begins with the system prompt of the card."""
    text = messages[0].text if messages and messages[0].role == "system" else ""
    return text.startswith(card.INSTRUCTION)


@check(
    "reasoning.card-prompt-is-followed",
    "With the prompt and sampling of the model card, a reply SHOULD be a thought and "
    "then a self-contained answer, in the language of the question.",
    source=CARD,
    sends=(WHOLE, STREAMED),
    needs=STREAMED_REASONING | {Capability.FOLLOWS_INSTRUCTIONS},
)
def card_prompt_is_followed(*exchanges: Exchange) -> Findings:
    """
    A text whose language is undecided is not reported.

    That the answer does not repeat the thought is `reasoning.not-repeated-in-answer`,
    which is judged on these replies too.
    """
    for exchange in exchanges:
        if exchange.finish == "length":
            raise NotApplicable("the reply was cut off")
        if not exchange.reasoning and not exchange.answer:
            raise NotApplicable("the reply contains no text")
        for message, expected, actual in _departures(exchange):
            yield Finding(
                message,
                expected=expected,
                actual=shorten(spell(actual)) if actual else "no text",
                at=f"{exchange.probe.name}, {location(exchange)}",
            )
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            yield from find_markers(exchange, kind)


def _departures(exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a reply, what is expected, and the text."""
    thought, answer = exchange.reasoning.strip(), exchange.answer.strip()
    if not thought:
        yield "the reply has no thought", "a thought before the answer", answer
    if not answer:
        yield "the reply has no answer", "an answer after the thought", thought
    elif not any(word in answer.casefold() for word in SUBJECT):
        yield (
            "the answer does not stand by itself",
            f"an answer that names {SUBJECT[0]} or {SUBJECT[-1]}",
            answer,
        )
    for name, text in (("thought", thought), ("answer", answer)):
        if card.CLOSING in text or card.TEMPLATE in text:
            yield f"the {name} holds words of the system prompt", "own words", text
        elif not is_in(text, LANGUAGE) and (other := other_language(text, LANGUAGE)):
            yield f"the {name} is in {other}", f"text in {LANGUAGE}", text


def _recommended(reply: Reply, change: Callable[[Piece], str]) -> Reply:
    """Return *reply* with other text if it answers the recommended request."""
    if reply.probe is None or not _is_the_cards(reply.probe.messages):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        seen: set[PieceKind] = set()
        for piece in pieces:
            if piece.kind not in seen and piece.kind is not PieceKind.TOOL:
                seen.add(piece.kind)
                yield replace(piece, text=change(piece))
            else:
                yield piece

    return rewrite_pieces(reply, changed)


@fault(breaks=card_prompt_is_followed, also=LANGUAGE_CHECKS)
def card_prompt_silences_thought(reply: Reply) -> Reply:
    """A system prompt of the user's own switches the reasoning off (lmstudio#699)."""
    if reply.probe is None or not _is_the_cards(reply.probe.messages):
        return reply
    return rewrite_pieces(reply, without_reasoning)


@fault(breaks=card_prompt_is_followed, also=LANGUAGE_CHECKS)
def template_echoed(reply: Reply) -> Reply:
    """The model copies the template of the system prompt before it begins."""
    return _recommended(
        reply,
        lambda piece: (
            card.CLOSING + " " + piece.text
            if piece.kind is PieceKind.ANSWER
            else piece.text
        ),
    )


@fault(breaks=card_prompt_is_followed)
def answer_refers_to_the_thought(reply: Reply) -> Reply:
    """The answer refers to the thought, which users may not see."""
    if reply.probe is None or not _is_the_cards(reply.probe.messages):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        yield from (piece for piece in pieces if piece.kind is PieceKind.REASONING)
        yield Piece(PieceKind.ANSWER, "Voir ci-dessus.", pieces[0].choice)

    return rewrite_pieces(reply, changed)
