"""Provider-neutral chat requests, and the generated text that answers them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"


MODELS = "/v1/models"


METRICS = "/metrics"


SLOTS = "/slots"


class PieceKind(StrEnum):
    """The purpose of a run of generated text."""

    REASONING = "reasoning"
    ANSWER = "answer"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Call:
    """The tool call that a `TOOL` piece belongs to."""

    # Position of the call within its choice, from 0.
    index: int = 0
    # Sent once per call, on its first piece; None on the others.
    id: str | None = None
    # Name of the called function, sent once per call like the id.
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text of one kind in one choice."""

    kind: PieceKind
    # Generated text; for `TOOL` a fragment of the arguments' JSON.
    text: str
    # Index of the choice, from 0.
    choice: int = 0
    # The tool call; None unless *kind* is `TOOL`.
    call: Call | None = None


END = "</s>"  # the control token that ends a sequence


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token, of which a reply can state the log-probability."""

    # Its text; the name of a control token, such as `[THINK]`.
    text: str
    # The kind of text that shows it; None for control tokens and names of tools.
    kind: PieceKind | None = None


def merge_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Merge neighbours of the same kind, choice and call; drop empty text."""
    merged: list[tuple[Piece, list[str]]] = []
    for piece in pieces:
        last = merged[-1][0] if merged else None
        if (
            last is not None
            and last.kind == piece.kind
            and last.choice == piece.choice
            and _same_call(last.call, piece.call)
        ):
            merged[-1][1].append(piece.text)
        elif piece.text or piece.call:
            merged.append((piece, [piece.text]))
    return tuple(
        first if len(texts) == 1 else replace(first, text="".join(texts))
        for first, texts in merged
    )


def merge_calls(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield *pieces* with the fragments of each tool call joined into one piece."""
    pending: tuple[Piece, ...] = ()
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            *done, last = merge_pieces((*pending, piece)) or (piece,)
            yield from done
            pending = (last,)
        else:
            yield from pending
            pending = ()
            yield piece
    yield from pending


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
    """Reasoning inside a message: a template in a system prompt, or replayed text."""

    text: str
    # Whether the reasoning ends here; an open one is to be continued.
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Image:
    """An image part: bytes that are sent as a data URI, or a URL to fetch."""

    # The encoded image file; ignored when *url* is set.
    data: bytes = b""
    # Media type of *data*.
    media_type: str = "image/png"
    # URL to send in place of *data*.
    url: str | None = None
    # `image_url.detail`: "low", "high" or "auto"; None is not sent.
    detail: str | None = None

    @property
    def uri(self) -> str:
        """The URL as sent: *url* itself, or the bytes as a base64 data URI."""
        if self.url is not None:
            return self.url
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


Part = Text | Thinking | Image


Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that an assistant message replays."""

    id: str
    # Name of the called function.
    name: str
    # JSON text, normally of an object.
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    # Plain text, parts in order, or None for a null content.
    content: str | tuple[Part, ...] | None = None
    # Calls that an assistant message replays.
    tool_calls: tuple[ToolCall, ...] = ()
    # The call that a tool message answers.
    tool_call_id: str | None = None
    # Whether the model continues this assistant message, the last one.
    prefix: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """The content as parts: plain text is one text part, None has no parts."""
        if self.content is None:
            return ()
        if isinstance(self.content, str):
            return (Text(self.content),)
        return self.content

    @property
    def text(self) -> str:
        """The text parts joined, without images and reasoning."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call."""

    name: str
    # A JSON Schema of the arguments, as JSON text.
    parameters: str
    # Plain text for the model; empty is not sent.
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    The sampling and output parameters of a request; None or empty is not sent.

    Usage: `Options(max_tokens=16, temperature=0.0, stop=("###",))`.
    """

    # Most tokens to generate, reasoning included.
    max_tokens: int | None = None
    # Sampling temperature; 0 is greedy decoding.
    temperature: float | None = None
    # Probability mass of nucleus sampling, 0 to 1.
    top_p: float | None = None
    # Seed of sampling; the member is `random_seed` in some dialects.
    seed: int | None = None
    # Texts that end the generation.
    stop: tuple[str, ...] = ()
    # Number of choices to generate.
    n: int | None = None
    # Penalty on tokens that have occurred, -2 to 2.
    presence_penalty: float | None = None
    # Penalty that grows with each occurrence of a token, -2 to 2.
    frequency_penalty: float | None = None
    # Requests the log-probability of each token, with this number of alternatives.
    logprobs: int | None = None
    # Functions that the model may call.
    tools: tuple[Tool, ...] = ()
    # "auto", "none", "required" (a forced call, "any" in Mistral's dialects), or
    # "=NAME" for the function NAME.
    tool_choice: str | None = None
    # Whether one message may hold several calls.
    parallel_tool_calls: bool | None = None
    # The `response_format` object as JSON text.
    response_format: str | None = None
    # Mistral's reasoning switch of 2025: "reasoning".
    prompt_mode: str | None = None
    # Reasoning switch of newer servers, such as "none" or "high".
    reasoning_effort: str | None = None
    # Whether to request usage at the end of a stream, where it must be requested.
    usage: bool = True


def freeze(value: Json) -> str:
    """Return *value* as compact JSON text, which is hashable; keys keep their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
