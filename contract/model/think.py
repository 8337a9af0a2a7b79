"""The [THINK] grammar of Magistral: text with markers in, pieces out, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract.model.chat import (
    Piece,
    PieceKind,
)

OPEN = "[THINK]"
CLOSE = "[/THINK]"
# Control tokens of the Tekken v13 vocabulary that never belong in text for people.
MARKERS = (
    OPEN,
    CLOSE,
    "[TOOL_CALLS]",
    "[ARGS]",
    "[CALL_ID]",
    "[INST]",
    "[/INST]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
)


class Splitter:
    """
    An incremental reader of tagged text; a marker may be cut anywhere.

    Outside a thought only `[THINK]` is a marker, inside one only `[/THINK]`: a
    stray closing marker stays in the answer and a second opening one in the
    reasoning, so that a check can still see the leak.
    """

    def __init__(self, choice: int = 0) -> None:
        self._choice = choice
        self._kind = PieceKind.ANSWER
        self._rest = ""

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain once *text* has been read."""
        pieces: list[Piece] = []
        self._rest += text
        while self._rest:
            marker = CLOSE if self._kind is PieceKind.REASONING else OPEN
            before, found, after = self._rest.partition(marker)
            if found:
                self._add(pieces, before)
                self._kind = (
                    PieceKind.ANSWER
                    if self._kind is PieceKind.REASONING
                    else PieceKind.REASONING
                )
                self._rest = after
                continue
            held = _held(before, marker)
            self._add(pieces, before[: len(before) - held])
            self._rest = before[len(before) - held :]
            break
        return pieces

    def close(self) -> list[Piece]:
        """What was held back because it could have begun a marker."""
        pieces: list[Piece] = []
        self._add(pieces, self._rest)
        self._rest = ""
        return pieces

    def _add(self, pieces: list[Piece], text: str) -> None:
        if text:
            pieces.append(Piece(self._kind, text, self._choice))


def _held(text: str, marker: str) -> int:
    """How many characters at the end of *text* may begin *marker*."""
    for length in range(min(len(marker) - 1, len(text)), 0, -1):
        if marker.startswith(text[-length:]):
            return length
    return 0


def split(text: str) -> tuple[Piece, ...]:
    """Tagged text as pieces; all of it at once."""
    splitter = Splitter()
    return (*splitter.feed(text), *splitter.close())


def wrap(pieces: Iterable[Piece]) -> Iterator[str]:
    """Each reasoning or answer piece as tagged text; a thought left open stays so."""
    inside = False
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            continue
        text = piece.text
        if (piece.kind is PieceKind.REASONING) != inside:
            text = (CLOSE if inside else OPEN) + text
            inside = not inside
        yield text
