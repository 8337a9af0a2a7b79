"""The [THINK] grammar of Magistral: splitting and wrapping of tagged text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract.model.chat import Piece, PieceKind

OPEN = "[THINK]"
CLOSE = "[/THINK]"
# Control tokens of the Tekken v13 vocabulary that must not appear in visible text.
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
    An incremental splitter of tagged text; a marker may be cut anywhere.

    Outside the reasoning only `[THINK]` is a marker, inside it only `[/THINK]`: a
    stray closing marker stays in the answer and a second opening one in the
    reasoning, so that a check can still detect the leak.
    """

    def __init__(self, choice: int = 0) -> None:
        self._choice = choice
        self._kind = PieceKind.ANSWER
        self._rest = ""

    def feed(self, text: str) -> list[Piece]:
        """Return the pieces that are certain once *text* has been read."""
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
            held = _marker_prefix(before, marker)
            self._add(pieces, before[: len(before) - held])
            self._rest = before[len(before) - held :]
            break
        return pieces

    def close(self) -> list[Piece]:
        """Return the text that was held back as the possible start of a marker."""
        pieces: list[Piece] = []
        self._add(pieces, self._rest)
        self._rest = ""
        return pieces

    def _add(self, pieces: list[Piece], text: str) -> None:
        if text:
            pieces.append(Piece(self._kind, text, self._choice))


def _marker_prefix(text: str, marker: str) -> int:
    """Return the number of characters at the end of *text* that may begin *marker*."""
    for length in range(min(len(marker) - 1, len(text)), 0, -1):
        if marker.startswith(text[-length:]):
            return length
    return 0


def split(text: str) -> tuple[Piece, ...]:
    """Return a whole tagged text as pieces."""
    splitter = Splitter()
    return (*splitter.feed(text), *splitter.close())


def wrap(pieces: Iterable[Piece]) -> Iterator[str]:
    """Yield each reasoning or answer piece as tagged text; the end is not closed."""
    inside = False
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            continue
        text = piece.text
        if (piece.kind is PieceKind.REASONING) != inside:
            text = (CLOSE if inside else OPEN) + text
            inside = not inside
        yield text
