"""What a person who runs a server can do about what its replies show."""

from __future__ import annotations

import re
from collections.abc import Iterable

from contract.model.chat import PieceKind
from contract.model.exchange import Exchange
from contract.model.think import OPEN

CALL = "[TOOL_CALLS]"
_ERRORS = 400
# As vLLM and llama.cpp say it.
_WINDOW = re.compile(r"context (?:length is|size \()\s*(\d{1,9})")
_IMAGES = re.compile(r"At most (\d{1,9}) image")
FIELDS = frozenset({"reasoning", "reasoning_content"})
# As llama.cpp says it of a model that was loaded without its projector of images.
_BLIND = "provide the mmproj"
_FLAG = re.compile(r"--[a-z][a-z-]+")


def flag_hint(exchanges: Iterable[Exchange]) -> str:
    """
    The switch that is off, if *exchanges* look as if one were; empty otherwise.

    A server without a parser sends the model's own markers as content, and nothing
    apart from it. A marker that merely leaks is a fault of the parser, so no switch
    mends it.
    """
    seen = tuple(exchanges)
    if renamed := _renamed(seen):
        return renamed
    return _call(seen) or _thought(seen) or _unparted(seen) or _silent(seen)


def rejection_hint(exchanges: Iterable[Exchange]) -> str:
    """
    The switch that a refusal among *exchanges* speaks of itself; empty otherwise.

    A bound counts only where it is less than the profile promises: to refuse what is
    more than that is right.
    """
    return next(filter(None, map(_refused, exchanges)), "")


def _call(seen: tuple[Exchange, ...]) -> str:
    for exchange in seen:
        # A server that was told to call nothing need not read what the model wrote.
        told = exchange.probe.options.tool_choice
        wanted = told not in {None, "none"} and PieceKind.TOOL not in _kinds(exchange)
        if wanted and CALL in exchange.answer:
            switch = exchange.profile.dialect.server_flags.call
            return _sentence(CALL, "tool call parser is off", switch)
    return ""


def _thought(seen: tuple[Exchange, ...]) -> str:
    unparsed = [exchange for exchange in seen if _opens(exchange)]
    if not unparsed:
        return ""
    switches = unparsed[0].profile.dialect.server_flags
    if not (switches.streams and all(exchange.probe.stream for exchange in unparsed)):
        return _sentence(OPEN, "reasoning parser is off", switches.thought)
    if any(PieceKind.REASONING in _kinds(exchange) for exchange in seen):
        why = "reasoning parser reads whole answers and no streams"
        return _sentence(OPEN, why, switches.streams)
    both = f"{switches.thought}; if it was, {switches.streams}"
    return _sentence(OPEN, "reasoning parser is off", both)


def _opens(exchange: Exchange) -> bool:
    """Whether the content begins with the marker of a thought, and more follows."""
    shown = exchange.answer.lstrip()
    apart = exchange.profile.dialect.tagged or PieceKind.REASONING in _kinds(exchange)
    return not apart and shown.startswith(OPEN) and shown != OPEN


def _unparted(seen: tuple[Exchange, ...]) -> str:
    """Where streams part thought and answer, and no whole reply does."""
    said = [exchange for exchange in seen if exchange.probe.reasons]
    streams = [_kinds(exchange) for exchange in said if exchange.probe.stream]
    wholes = [_kinds(exchange) for exchange in said if not exchange.probe.stream]
    both = {PieceKind.REASONING, PieceKind.ANSWER}
    apart = bool(streams) and all(both <= kinds for kinds in streams)
    if not (apart and wholes and all(len(kinds & both) == 1 for kinds in wholes)):
        return ""
    release = said[0].profile.dialect.server_flags.release
    fact = "streams part thought and answer, and whole answers do not"
    return f"{fact}; {release}" if release else fact


def _renamed(seen: tuple[Exchange, ...]) -> str:
    """Where a thought comes apart, in a field of another version."""
    for exchange in seen:
        known = exchange.profile.dialect.reasoning_fields
        for _, choice in exchange.choices if known else ():
            said = choice.get("delta") or choice.get("message")
            if not isinstance(said, dict) or any(said.get(one) for one in known):
                continue
            for name in sorted(FIELDS - known):
                if said.get(name):
                    return (
                        f"the thought comes as {name}: another version answers than "
                        f"{exchange.profile.id}; name it with --profile, or let "
                        f"clients read {name}"
                    )
    return ""


def _silent(seen: tuple[Exchange, ...]) -> str:
    """Where markers are thrown away, nothing of a thought is left but its words."""
    for exchange in seen:
        dialect, asked = exchange.profile.dialect, exchange.probe
        free = not (asked.options.response_format or asked.options.tools)
        plain = _kinds(exchange) == {PieceKind.ANSWER} and "[" not in exchange.answer
        if asked.reasons and free and plain and dialect.server_flags.thought:
            return (
                "no thought came apart from the answer; if the model thinks, "
                f"{dialect.server_flags.thought}"
            )
    return ""


def _kinds(exchange: Exchange) -> frozenset[PieceKind]:
    return frozenset(piece.kind for piece in exchange.pieces)


def _sentence(marker: str, why: str, switch: str) -> str:
    off = f"the server leaves {marker} in the content: its {why}"
    return f"{off}; {switch}" if switch else off


def _refused(exchange: Exchange) -> str:
    if (exchange.status or 0) < _ERRORS:
        return ""
    profile, switches = exchange.profile, exchange.profile.dialect.server_flags
    if set(_FLAG.findall(exchange.text)) & set(_FLAG.findall(switches.call)):
        return f"the server refuses tools; {switches.call}"
    if _BLIND in exchange.text and switches.sight:
        return f"the server was started without what reads images; {switches.sight}"
    window = _bound(_WINDOW, exchange.text)
    if window is not None and window < profile.context_window:
        switch = switches.window.format(profile.context_window)
        return _less(window, "tokens", profile.context_window, switch)
    images = _bound(_IMAGES, exchange.text)
    if images is not None and profile.image_limit and images < profile.image_limit:
        switch = switches.images.format(profile.image_limit)
        return _less(images, "images", profile.image_limit, switch)
    return ""


def _bound(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found.group(1)) if found else None


def _less(bound: int, what: str, promised: int, switch: str) -> str:
    fact = f"the limit on {what} is {bound}, not the {promised} promised"
    return f"{fact}; {switch}" if switch else fact
