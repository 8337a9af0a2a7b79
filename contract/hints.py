"""What a person who runs a server can do about what its replies show."""

from __future__ import annotations

from collections.abc import Iterable

from contract.chat import Kind
from contract.exchange import Exchange
from contract.think import OPEN

CALL = "[TOOL_CALLS]"


def hint(exchanges: Iterable[Exchange]) -> str:
    """
    The switch that is off, if *exchanges* look as if one were; empty otherwise.

    A server without a parser sends the model's own markers as content, and nothing
    apart from it. A marker that merely leaks is a fault of the parser, so no switch
    mends it.
    """
    return next(filter(None, map(_hint, exchanges)), "")


def _hint(exchange: Exchange) -> str:
    dialect = exchange.profile.dialect
    kinds = {piece.kind for piece in exchange.pieces}
    shown = exchange.answer.lstrip()
    if (
        not dialect.tagged
        and Kind.REASONING not in kinds
        and shown.startswith(OPEN)
        and shown != OPEN
    ):
        return _sentence(OPEN, "reasoning", dialect.thought_switch)
    # A server that was told to call nothing need not read what the model wrote.
    told = exchange.probe.options.tool_choice
    if CALL in shown and Kind.TOOL not in kinds and told not in {None, "none"}:
        return _sentence(CALL, "tool call", dialect.call_switch)
    return ""


def _sentence(marker: str, parser: str, switch: str) -> str:
    off = f"the server leaves {marker} in the content: its {parser} parser is off"
    return f"{off}; {switch}" if switch else off
