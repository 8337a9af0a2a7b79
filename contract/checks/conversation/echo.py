"""Checks that an answer does not begin with what surrounds it in the prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from contract.checks.sources import MISTRAL_COMMON
from contract.model.chat import Json, Message, Options, Piece, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import MAX_TOKENS, SUM, SUM_WHOLE, user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.model.strict_json import is_one_of
from contract.model.think import OPEN

# Characters of a system message; a model may well begin with a shorter text.
SHORTEST = 20
TEMPLATE = "First draft your thinking process"  # how Magistral's own begins
CLERK = "You are the clerk of a small library, and answer in one short sentence."
GUIDED = Probe(
    name="system-whole",
    messages=(Message("system", CLERK), user("What is 6 times 7?")),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    reasons=False,
)
_ROLE = re.compile(r"\s*(?:<\|)?(?:assistant|model|bot)(?:\|>|:|\n)", re.IGNORECASE)


def _messages(exchange: Exchange) -> list[dict[str, Json]]:
    """Return the messages of a request that ends with one to answer; else none."""
    listed = exchange.sent.get("messages")
    entries = listed if isinstance(listed, list) else []
    messages = [entry for entry in entries if isinstance(entry, dict)]
    asks = bool(messages) and is_one_of(messages[-1].get("role"), ("user", "tool"))
    return messages if asks else []


def _texts(message: dict[str, Json]) -> Iterator[str]:
    """Yield the texts of a message: its content, or those of its text parts."""
    content = message.get("content")
    for part in content if isinstance(content, list) else [{"text": content}]:
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, str):
            yield text.strip()


def _beginnings(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of what each choice begins with."""
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        for text in exchange.texts_of(kind).values():
            if text.strip():
                yield kind.value, text.lstrip()


@check(
    "conversation.system-is-not-echoed",
    "An answer MUST NOT begin with the text of the system message.",
    source=MISTRAL_COMMON,
    sends=GUIDED,
    every=Scope.ANSWERS,
)
def system_is_not_echoed(exchange: Exchange) -> Findings:
    """A server that returns the prompt with the answer begins with its first words."""
    system = [
        text
        for message in _messages(exchange)
        if message.get("role") == "system"
        for text in _texts(message)
        if len(text) >= SHORTEST
    ]
    found = list(_beginnings(exchange))
    if not system or not found:
        raise NotApplicable("the request has no long system message, or no answer")
    for kind, text in found:
        for echoed in system:
            if text.startswith(echoed):
                yield Finding(
                    f"the {kind} begins with the system message",
                    expected="the model's own words",
                    actual=shorten(text),
                )


def _begun_with(reply: Reply, words: str) -> Reply:
    """Return *reply* with *words* before the first text of each choice."""

    def change(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        begun = False
        for piece in pieces:
            first = not begun and piece.kind is not PieceKind.TOOL and bool(piece.text)
            begun = begun or first
            yield replace(piece, text=words + piece.text) if first else piece

    return rewrite_pieces(reply, change)


@fault(
    breaks=system_is_not_echoed,
    also=("structured", "sampling", "streaming", "languages", "usage", "tools"),
)
def prompt_returned(reply: Reply) -> Reply:
    """The whole sequence is decoded, not only what was generated."""
    listed = reply.asked.get("messages")
    system = next(
        (
            text
            for message in (listed if isinstance(listed, list) else ())
            if isinstance(message, dict) and message.get("role") == "system"
            for text in _texts(message)
        ),
        "",
    )
    # A template that asks for reasoning comes from the dialect, not from the client.
    templated = OPEN in system or system.startswith(TEMPLATE)
    if len(system) < SHORTEST or templated:
        return reply
    return _begun_with(reply, f"{system}\n")


@check(
    "conversation.answer-begins-without-role",
    "An answer SHOULD NOT begin with the name of its role.",
    source=f"house rule; {MISTRAL_COMMON}",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
    every=Scope.ANSWERS,
)
def answer_begins_without_role(exchange: Exchange) -> Findings:
    """A wrong chat template makes the model write the role, as in a transcript."""
    found = list(_beginnings(exchange)) if _messages(exchange) else []
    if not found:
        raise NotApplicable("the reply has no text, or continues a message")
    for kind, text in found:
        if _ROLE.match(text):
            yield Finding(
                f"the {kind} begins with a role",
                expected="the answer alone",
                actual=shorten(text),
            )


@fault(
    breaks=answer_begins_without_role,
    also=("structured", "sampling", "streaming", "languages", "usage", "reasoning"),
)
def role_written_out(reply: Reply) -> Reply:
    """The template ends before the role, so the model begins with it."""
    return _begun_with(reply, "Assistant: ")
