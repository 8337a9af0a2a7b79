"""Verdicts of the dialect's schemas about the chunks or the body of an exchange."""

from __future__ import annotations

from contract.model.exchange import Chunk, Exchange
from contract.schema import openapi


def rejected(exchange: Exchange, shape: str) -> tuple[Chunk, ...]:
    """
    Return the chunks that violate a schema of the dialect; a body counts as chunk 0.

    *shape* is the name of the schema without the prefix of the dialect. The verdicts
    are kept, however often this is called.
    """
    name = exchange.profile.dialect.prefix + shape
    blind = openapi.is_blind_to_text(name)
    return exchange.rejected(name, openapi.acceptor(name), blind=blind)
