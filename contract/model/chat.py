"""Provider-neutral chat requests, and the generated text that answers them."""

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


def merge_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Merge neighbours of the same kind, choice and call; drop empty text."""
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


class KeyMode(StrEnum):
    """The API key that a probe carries, and its form."""

    GIVEN = "given"  # the user's key as a bearer token
    NONE = "none"  # no credentials
    WRONG = "wrong"  # a key that no server accepts
    LOWER = "lower"  # the user's key after `bearer` in lower case
    BARE = "bare"  # the user's key without an authentication scheme
    BASIC = "basic"  # the user's key as the password of HTTP Basic
    QUERY = "query"  # the user's key in the query string only, on this machine only


@dataclass(frozen=True, slots=True)
class Patch:
    """One change that breaks a well-formed body, applied to the encoded request."""

    # A name for reports.
    name: str
    # RFC 6901 JSON Pointer into the request body; it may end in a list index or "-".
    pointer: str
    # JSON text to set there, or None to remove the member.
    value: str | None = None


# Placeholder for the URL of the SSRF canary that a session opens for a probe.
# RFC 6761 reserves the name, so no host is contacted where no canary was opened.
CANARY = "http://canary.invalid"


# Placeholder in a text for the filler words that bring a prompt to its length.
FILL = "\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Fill:
    """
    The length of a whole prompt; filler words replace each `FILL` in its messages.

    Usage: `Fill(8_000)` is a prompt of 8,000 tokens, `Fill(1, of_window=True)` one
    that exceeds the context window of the server under test by one token.
    """

    # Prompt length in tokens; with *of_window* relative to the context window.
    tokens: int
    # Whether *tokens* is added to the context window.
    of_window: bool = False
    # Tokens by which max_tokens exceeds the completion budget, the tokens that the
    # prompt leaves of the window; None leaves max_tokens as it is.
    room: int | None = None

    def size(self, window: int) -> int:
        """Return the prompt length in tokens for a context window of *window*."""
        return self.tokens + window if self.of_window else self.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """
    One provider-neutral request; equal probes are the same request, sent once.

    Usage: `Probe(name="hello", messages=(Message("user", "Say hello."),))`.
    """

    # A name for reports and recordings; it takes no part in comparisons.
    name: str = field(compare=False)
    # The conversation; empty for requests without a chat body.
    messages: tuple[Message, ...] = ()
    options: Options = Options()
    # Whether to request an event stream.
    stream: bool = False
    # Whether to request reasoning, where the dialect has a switch for it.
    reasons: bool = True
    # Number of the repetition, from 0; probes that differ in it are sent separately.
    sample: int = 0
    # Changes to the encoded body, for requests that are invalid on purpose.
    patches: tuple[Patch, ...] = ()
    # Raw bytes to send in place of the encoded body; `{model}` in them is replaced by
    # the target's model.
    body: bytes | None = None
    # HTTP method; only POST carries a body.
    method: str = "POST"
    # Path from the server's root. `{model}` is replaced by the target's model and
    # `{load}` by the dialect's path for the load of the server.
    path: str = CHAT
    # Headers to add or replace, as (name, value); an empty value removes the header.
    headers: tuple[tuple[str, str], ...] = ()
    # The API key to send, and its form.
    key: KeyMode = KeyMode.GIVEN
    # Model to request in place of the target's model.
    model: str | None = None
    # Number of body bytes after which the client closes the connection; None reads
    # the response to its end.
    hang_up_after: int | None = None
    # Prompt length, met when the probe is sent (`contract.tokens.padding`).
    fill: Fill | None = None
    # Whether the session opens an SSRF canary on this machine and puts its URL in
    # place of every `CANARY`.
    canary: bool = False


def repeat(probe: Probe, times: int) -> tuple[Probe, ...]:
    """Return *times* copies of *probe*, each a sample of its own."""
    return tuple(replace(probe, sample=number) for number in range(times))


def freeze(value: Json) -> str:
    """Return *value* as compact JSON text, which is hashable; keys keep their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def apply_patches(body: Json, patches: Iterable[Patch]) -> Json:
    """
    Return a copy of *body* with every patch applied, in order.

    RFC 6901 escapes (`~0`, `~1`) are honoured and `-` appends to a list. A pointer
    that does not resolve changes nothing.
    """
    changed: Json = json.loads(json.dumps(body))
    for patch in patches:
        changed = _apply(changed, patch)
    return changed


def _apply(body: Json, patch: Patch) -> Json:
    if not patch.pointer:
        return None if patch.value is None else json.loads(patch.value)
    *steps, last = (
        step.replace("~1", "/").replace("~0", "~")
        for step in patch.pointer.removeprefix("/").split("/")
    )
    parent = body
    for step in steps:
        parent = _member(parent, step)
    if isinstance(parent, dict):
        if patch.value is None:
            parent.pop(last, None)
        else:
            parent[last] = json.loads(patch.value)
    elif isinstance(parent, list):
        _set_item(parent, last, patch.value)
    return body


def _member(parent: Json, step: str) -> Json:
    """Resolve one step of a pointer; None, which cannot be changed, where it fails."""
    if isinstance(parent, dict):
        return parent.get(step)
    if isinstance(parent, list) and _is_index(step, parent):
        return parent[int(step)]
    return None


def _set_item(entries: list[Json], last: str, value: str | None) -> None:
    if last == "-" and value is not None:
        entries.append(json.loads(value))
    elif _is_index(last, entries) and value is not None:
        entries[int(last)] = json.loads(value)
    elif _is_index(last, entries):
        del entries[int(last)]


def _is_index(step: str, entries: list[Json]) -> bool:
    # RFC 6901: ASCII digits only, so no signs and no digits of other scripts.
    return step.isascii() and step.isdigit() and int(step) < len(entries)
