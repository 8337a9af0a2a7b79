"""Parts of response bodies that several providers share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract.model.chat import Call, Json, Piece, PieceKind, merge_pieces
from contract.model.dialect import Head, Usage


def text(pieces: Iterable[Piece], kind: PieceKind) -> str:
    """Return the whole text of one kind."""
    return "".join(piece.text for piece in pieces if piece.kind is kind)


def calls(pieces: Iterable[Piece], *, numbered: bool = False) -> list[Json]:
    """Return the tool calls of a whole message; *numbered* adds their `index`."""
    entries: list[Json] = []
    for piece in merge_pieces(p for p in pieces if p.kind is PieceKind.TOOL):
        entry = _call(piece)
        if not numbered:
            entry.pop("index")
        entries.append(entry)
    return entries


def _call(piece: Piece) -> dict[str, Json]:
    call = piece.call or Call()
    return {
        "id": call.id or "null",
        "type": "function",
        "function": {"name": call.name or "", "arguments": piece.text},
        "index": call.index,
    }


def fragment(piece: Piece) -> dict[str, Json]:
    """Return a tool piece as a delta: id, type and name only where a call begins."""
    call = piece.call or Call()
    entry: dict[str, Json] = {"index": call.index}
    function: dict[str, Json] = {}
    if call.id is not None:
        entry = {"id": call.id, "type": "function", **entry}
    if call.name is not None:
        function["name"] = call.name
    entry["function"] = {**function, "arguments": piece.text}
    return {"tool_calls": [entry]}


def deltas(
    pieces: Iterable[Piece], role: dict[str, Json], reasoning: str
) -> Iterator[dict[str, Json]]:
    """Yield *role*, then a delta per piece; *reasoning* is the member of thoughts."""
    yield role
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            yield fragment(piece)
        elif piece.kind is PieceKind.REASONING:
            yield {reasoning: piece.text}
        else:
            yield {"content": piece.text}


def whole_call(piece: Piece) -> dict[str, Json]:
    """Return a delta that holds a whole tool call."""
    return {"tool_calls": [_call(piece)]}


def whole(head: Head, choices: list[Json]) -> dict[str, Json]:
    """Return a whole response, without what a server adds to it."""
    return _headed(head, "chat.completion", choices)


def event(head: Head, choices: list[Json]) -> dict[str, Json]:
    """Return an event of a stream, without what a server adds to it."""
    return _headed(head, "chat.completion.chunk", choices)


def _headed(head: Head, kind: str, choices: list[Json]) -> dict[str, Json]:
    return {
        "id": head.id,
        "object": kind,
        "created": head.created,
        "model": head.model,
        "choices": choices,
    }


def counters(usage: Usage) -> dict[str, Json]:
    """Return the three counters that every server has."""
    return {
        "prompt_tokens": usage.prompt,
        "total_tokens": usage.prompt + usage.completion,
        "completion_tokens": usage.completion,
    }
