"""A chat request and the text it brings back, in no provider's spelling."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

CHAT = "/v1/chat/completions"
MODELS = "/v1/models"
METRICS = "/metrics"
SLOTS = "/slots"


class PieceKind(StrEnum):
    """What a run of generated text is for."""

    REASONING = "reasoning"
    ANSWER = "answer"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Call:
    """Which tool call a `TOOL` piece belongs to; id and name come once per call."""

    index: int = 0
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text of one kind in one choice; `TOOL` text is argument JSON."""

    kind: PieceKind
    text: str
    choice: int = 0
    call: Call | None = None


def merge_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Neighbours of the same kind, choice and call become one; empty text goes."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.kind == piece.kind
            and last.choice == piece.choice
            and _same_call(last.call, piece.call)
        ):
            merged[-1] = replace(last, text=last.text + piece.text)
        elif piece.text or piece.call:
            merged.append(piece)
    return tuple(merged)


def merge_calls(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces with the fragments of each tool call put together."""
    held: tuple[Piece, ...] = ()
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            *done, last = merge_pieces((*held, piece)) or (piece,)
            yield from done
            held = (last,)
        else:
            yield from held
            held = ()
            yield piece
    yield from held


def _same_call(one: Call | None, other: Call | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.index == other.index and (other.id is None or one.id == other.id)


@dataclass(frozen=True, slots=True)
class Text:
    """A text part of a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """Reasoning inside a message: a system prompt's draft, or a replayed thought."""

    text: str
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Image:
    """An image part: bytes that travel as a data URI, or an address to fetch."""

    data: bytes = b""
    media_type: str = "image/png"
    url: str | None = None
    detail: str | None = None

    @property
    def uri(self) -> str:
        """The address as sent: *url* itself, or the bytes as a base64 data URI."""
        if self.url is not None:
            return self.url
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


Part = Text | Thinking | Image
Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call an assistant message replays; *arguments* is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `content` is plain text, parts in order, or nothing."""

    role: Role
    content: str | tuple[Part, ...] | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    prefix: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """The content as parts; plain text is one text part, none is no part."""
        if self.content is None:
            return ()
        if isinstance(self.content, str):
            return (Text(self.content),)
        return self.content

    @property
    def text(self) -> str:
        """The text parts run together, without images and thinking."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function a model may call; *parameters* is a JSON Schema as JSON text."""

    name: str
    parameters: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    The knobs of a request; None (or empty) means "not sent".

    `tool_choice` is auto, none, required (the forced call, which Mistral also
    spells "any") or `=NAME` for a named function. `response_format` is JSON text.
    `seed` is spelled `random_seed` where the provider does so. `usage` asks for
    usage at the end of a stream where that must be asked for.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    response_format: str | None = None
    prompt_mode: str | None = None
    reasoning_effort: str | None = None
    usage: bool = True


class KeyMode(StrEnum):
    """Which API key a probe carries, and how."""

    GIVEN = "given"
    NONE = "none"
    WRONG = "wrong"
    LOWER = "lower"  # the right one, after `bearer` in lower case
    BARE = "bare"  # the right one without a scheme
    BASIC = "basic"  # the right one as the password of HTTP Basic
    QUERY = "query"  # the right one in the address alone, on this machine only


@dataclass(frozen=True, slots=True)
class Patch:
    """
    One named departure from a well-formed body, applied after it is spelled.

    *pointer* is an RFC 6901 JSON Pointer into the wire body; *value* is JSON text,
    or None to remove the member. A pointer into a list may end in an index.
    """

    name: str
    pointer: str
    value: str | None = None


# Stands for the address of the server that a session opens for a probe's `canary`.
# By RFC 6761 nobody has that name, so that nothing is visited where none was opened.
CANARY = "http://canary.invalid"


# Stands in a text where the words go that make a prompt long enough.
FILL = "\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Fill:
    """
    How many tokens the whole prompt is to have: *tokens*, on top of the window or not.

    `Fill(8_000)` is 8,000 tokens, `Fill(1, of_window=True)` one more than the
    context window of whoever is asked. Words take the place of each `FILL`. With
    *room* the request asks for so many tokens more than are left beside the prompt.
    """

    tokens: int
    of_window: bool = False
    room: int | None = None

    def size(self, window: int) -> int:
        """The number of tokens where the context window holds *window*."""
        return self.tokens + window if self.of_window else self.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """
    One request in no provider's spelling. Equal probes are the same request.

    `sample` tells repetitions apart. `patches` and `body` (raw bytes in place of
    the spelled body) make requests that are wrong on purpose. `reasons` asks the
    provider to think where the dialect has a switch for it. `path` starts at the
    server's root; `{model}` in it, or in `body`, is replaced by the target's model,
    and `{load}` by the path where its dialect tells what it is busy with.
    `hang_up_after` is the number of body bytes after which the client goes away.
    `canary` puts an address of this machine in the place of every `CANARY`.
    `fill` makes the prompt so long when the probe is sent (`contract.tokens.padding`).
    """

    name: str = field(compare=False)
    messages: tuple[Message, ...] = ()
    options: Options = Options()
    stream: bool = False
    reasons: bool = True
    sample: int = 0
    patches: tuple[Patch, ...] = ()
    body: bytes | None = None
    method: str = "POST"
    path: str = CHAT
    headers: tuple[tuple[str, str], ...] = ()
    key: KeyMode = KeyMode.GIVEN
    model: str | None = None
    hang_up_after: int | None = None
    fill: Fill | None = None
    canary: bool = False


def repeat(probe: Probe, times: int) -> tuple[Probe, ...]:
    """The same request *times* over, each its own sample."""
    return tuple(replace(probe, sample=number) for number in range(times))


def freeze(value: Json) -> str:
    """JSON as canonical text: hashable, keys in the given order, no white space."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def apply_patches(body: Json, patches: Iterable[Patch]) -> Json:
    """
    A copy of *body* with every patch applied; a pointer to nowhere changes nothing.

    RFC 6901 escapes (`~0`, `~1`) are honoured; `-` appends to a list.
    """
    changed: Json = json.loads(json.dumps(body))
    for patch in patches:
        changed = _apply(changed, patch)
    return changed


def _apply(body: Json, patch: Patch) -> Json:
    if not patch.pointer:
        return None if patch.value is None else json.loads(patch.value)
    *way, last = (
        step.replace("~1", "/").replace("~0", "~")
        for step in patch.pointer.removeprefix("/").split("/")
    )
    parent = body
    for step in way:
        parent = _member(parent, step)
    if isinstance(parent, dict):
        if patch.value is None:
            parent.pop(last, None)
        else:
            parent[last] = json.loads(patch.value)
    elif isinstance(parent, list):
        _put(parent, last, patch.value)
    return body


def _member(parent: Json, step: str) -> Json:
    """One step of a pointer; nowhere is None, in which nothing can be changed."""
    if isinstance(parent, dict):
        return parent.get(step)
    if isinstance(parent, list) and _is_index(step, parent):
        return parent[int(step)]
    return None


def _put(entries: list[Json], last: str, value: str | None) -> None:
    if last == "-" and value is not None:
        entries.append(json.loads(value))
    elif _is_index(last, entries) and value is not None:
        entries[int(last)] = json.loads(value)
    elif _is_index(last, entries):
        del entries[int(last)]


def _is_index(step: str, entries: list[Json]) -> bool:
    # RFC 6901: digits only, so neither signs nor the digits of other scripts.
    return step.isascii() and step.isdigit() and int(step) < len(entries)
