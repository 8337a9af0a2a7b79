"""Replies with another text in place of their reasoning or their answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.model.chat import Piece, PieceKind
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces


def with_text(reply: Reply, kind: PieceKind, text: str) -> Reply:
    """
    Return *reply* with *text* in place of all its text of *kind*, in each choice.

    An empty *text* removes it; a reply without text of *kind* is returned unchanged.

    Usage: `with_text(reply, PieceKind.ANSWER, "No.")`.
    """

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        written = not text
        for piece in pieces:
            if piece.kind is not kind:
                yield piece
            elif not written:
                written = True
                yield replace(piece, text=text)

    return rewrite_pieces(reply, changed)
