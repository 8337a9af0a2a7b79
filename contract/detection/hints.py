"""Hints that name the server setting behind what the exchanges show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

from contract.model.chat import PieceKind
from contract.model.exchange import Exchange
from contract.model.think import OPEN

TOOL_CALLS = "[TOOL_CALLS]"
REASONING_FIELDS = frozenset({"reasoning", "reasoning_content"})
# Wording of vLLM and of llama.cpp.
_WINDOW = re.compile(r"context (?:length is|size \()\s*(\d{1,9})")
_IMAGES = re.compile(r"At most (\d{1,9}) image")
# Wording of llama.cpp for a model that was loaded without its image projector.
_NO_PROJECTOR = "provide the mmproj"
_FLAG = re.compile(r"--[a-z][a-z-]+")


def flag_hint(exchanges: Iterable[Exchange]) -> str:
    """
    Return a hint on the server flag that is missing according to *exchanges*, or "".

    A server without a parser sends the model's own markers as content and nothing in
    separate fields. A marker that merely leaks is a fault of the parser, which no flag
    corrects.
    """
    known = tuple(exchanges)
    return (
        _other_field(known)
        or _unparsed_call(known)
        or _unparsed_reasoning(known)
        or _unseparated_responses(known)
        or _no_reasoning(known)
    )


def rejection_hint(exchanges: Iterable[Exchange]) -> str:
    """
    Return a hint on the flag that a rejection among *exchanges* names, or "".

    A limit counts only if it is lower than the profile's: rejecting what exceeds the
    profile's limit is correct.
    """
    return next(filter(None, map(_rejection, exchanges)), "")


def _unparsed_call(exchanges: tuple[Exchange, ...]) -> str:
    for exchange in exchanges:
        # With tool_choice "none" a server need not parse what the model wrote.
        wanted = exchange.probe.options.tool_choice not in {None, "none"}
        missing = wanted and PieceKind.TOOL not in _kinds(exchange)
        if missing and TOOL_CALLS in exchange.answer:
            flag = exchange.profile.dialect.server_flags.tool_calls
            return _marker_hint(TOOL_CALLS, "tool call parser is off", flag)
    return ""


def _unparsed_reasoning(exchanges: tuple[Exchange, ...]) -> str:
    unparsed = [exchange for exchange in exchanges if _starts_with_marker(exchange)]
    if not unparsed:
        return ""
    flags = unparsed[0].profile.dialect.server_flags
    if not (flags.streaming and all(exchange.probe.stream for exchange in unparsed)):
        return _marker_hint(OPEN, "reasoning parser is off", flags.reasoning)
    if any(PieceKind.REASONING in _kinds(exchange) for exchange in exchanges):
        cause = "reasoning parser applies to whole responses and not to streams"
        return _marker_hint(OPEN, cause, flags.streaming)
    both = f"{flags.reasoning}; if it was, {flags.streaming}"
    return _marker_hint(OPEN, "reasoning parser is off", both)


def _starts_with_marker(exchange: Exchange) -> bool:
    """Whether the content is reasoning with its marker that no parser separated."""
    content = exchange.answer.lstrip()
    separate = exchange.profile.dialect.tagged or PieceKind.REASONING in _kinds(
        exchange
    )
    return not separate and content.startswith(OPEN) and content != OPEN


def _unseparated_responses(exchanges: tuple[Exchange, ...]) -> str:
    """Return a hint if only streams separate reasoning and answer."""
    reasoning = [exchange for exchange in exchanges if exchange.probe.reasons]
    streams = [_kinds(exchange) for exchange in reasoning if exchange.probe.stream]
    wholes = [_kinds(exchange) for exchange in reasoning if not exchange.probe.stream]
    both = {PieceKind.REASONING, PieceKind.ANSWER}
    separate = bool(streams) and all(both <= kinds for kinds in streams)
    if not (separate and wholes and all(len(kinds & both) == 1 for kinds in wholes)):
        return ""
    release = reasoning[0].profile.dialect.server_flags.release
    fact = "streams separate reasoning from the answer, and whole responses do not"
    return f"{fact}; {release}" if release else fact


def _other_field(exchanges: tuple[Exchange, ...]) -> str:
    """Return a hint if reasoning arrives in the field of another server version."""
    for exchange in exchanges:
        known = exchange.profile.dialect.reasoning_fields
        for _, choice in exchange.choices if known else ():
            message = choice.get("delta") or choice.get("message")
            if not isinstance(message, dict) or any(message.get(n) for n in known):
                continue
            for name in sorted(REASONING_FIELDS - known):
                if message.get(name):
                    return (
                        f"reasoning arrives in the field {name}, as in another version "
                        f"than {exchange.profile.id}; name its profile with --profile, "
                        f"or let clients read {name}"
                    )
    return ""


def _no_reasoning(exchanges: tuple[Exchange, ...]) -> str:
    """
    Return a hint if responses that should contain reasoning are all answer.

    A server that drops the markers leaves no other trace of unparsed reasoning.
    """
    for exchange in exchanges:
        dialect, probe = exchange.profile.dialect, exchange.probe
        free = not (probe.options.response_format or probe.options.tools)
        plain = _kinds(exchange) == {PieceKind.ANSWER} and "[" not in exchange.answer
        if probe.reasons and free and plain and dialect.server_flags.reasoning:
            return (
                "no reasoning is separate from the answer; if the model reasons, "
                f"{dialect.server_flags.reasoning}"
            )
    return ""


def _kinds(exchange: Exchange) -> frozenset[PieceKind]:
    return frozenset(piece.kind for piece in exchange.pieces)


def _marker_hint(marker: str, cause: str, flag: str) -> str:
    fact = f"the server leaves {marker} in the content: its {cause}"
    return f"{fact}; {flag}" if flag else fact


def _rejection(exchange: Exchange) -> str:
    if (exchange.status or 0) < HTTPStatus.BAD_REQUEST:
        return ""
    profile, flags = exchange.profile, exchange.profile.dialect.server_flags
    if set(_FLAG.findall(exchange.text)) & set(_FLAG.findall(flags.tool_calls)):
        return f"the server rejects tools; {flags.tool_calls}"
    if _NO_PROJECTOR in exchange.text and flags.vision:
        return f"the server was started without an image encoder; {flags.vision}"
    window = _number(_WINDOW, exchange.text)
    if window is not None and window < profile.context_window:
        flag = flags.window.format(profile.context_window)
        return _limit_hint("tokens", window, profile.context_window, flag)
    images = _number(_IMAGES, exchange.text)
    if images is not None and profile.image_limit and images < profile.image_limit:
        flag = flags.images.format(profile.image_limit)
        return _limit_hint("images", images, profile.image_limit, flag)
    return ""


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match.group(1)) if match else None


def _limit_hint(unit: str, limit: int, promised: int, flag: str) -> str:
    fact = f"the limit on {unit} is {limit}, not the {promised} of the profile"
    return f"{fact}; {flag}" if flag else fact
