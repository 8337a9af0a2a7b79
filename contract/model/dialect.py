"""What a dialect is: how one provider spells a chat, in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from contract.model.chat import (
    Json,
    Message,
    Piece,
    Probe,
)
from contract.model.rejection import Rejection
from contract.model.rules import Rules


class StreamUsage(StrEnum):
    """Where a provider puts `usage` in a stream."""

    LAST_CHUNK = "last-chunk"  # on the chunk that carries the finish reason, unasked
    EXTRA_CHUNK = "extra-chunk"  # a chunk without choices, when the request asks


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one request; *reasoning* is a part of *completion*."""

    prompt: int
    completion: int
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """What all events of one response share."""

    id: str
    created: int
    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One choice as the engine made it."""

    pieces: tuple[Piece, ...]
    finish: str = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFlags:
    """
    How a person starts a server so that it keeps the contract; empty: not known.

    `thought` and `call` part the thought, and tool calls, from the content; `streams`
    is what streams need beside `thought`, where that is not enough. `window` and
    `images` set how much a request may hold; `{}` in them stands for the number.
    `sight` lets the server see images at all. `usage` is the one that sends usage to
    those who did not ask. `release` says which releases part thought and answer in
    streams alone.
    """

    thought: str = ""
    streams: str = ""
    call: str = ""
    window: str = ""
    images: str = ""
    sight: str = ""
    usage: str = ""
    release: str = ""


def no_headers(_head: Head, _usage: Usage | None) -> tuple[tuple[str, str], ...]:
    """For dialects whose responses carry nothing beyond the content type."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """
    How a provider spells a chat. Behaviour is functions; everything else is data.

    Consumers use `request` (a probe as the body to send) and `decode` (one delta, or
    one whole message, as pieces; never raises). Where `tagged`, the decoded answer
    text still holds `[THINK]` markers for `contract.model.think` to split. `system` is
    the message that makes a model think where the provider has no default one.

    Providers use `parse` (a body that fits the schema as a probe), `encode` (one
    choice's pieces as deltas, the role delta first), `message`, `chunk`,
    `completion`, `error` (status and body), `models` and `headers`.

    `patch_grid` is into how many columns and rows an image of so many pixels is cut, where
    that is known.

    `load` is the path where a server of this dialect tells what it is busy with.

    `prefix` begins the names of its schemas in `openapi.yaml`. `call_id` is a pattern
    of the whole id of a tool call, of the form that the provider also takes back.
    """

    id: str
    title: str
    prefix: str
    request: Callable[[Probe, str], dict[str, Json]]
    decode: Callable[[Json], tuple[Piece, ...]]
    parse: Callable[[Mapping[str, Json]], Probe]
    encode: Callable[[Iterable[Piece]], Iterator[dict[str, Json]]]
    message: Callable[[Iterable[Piece]], dict[str, Json]]
    chunk: Callable[
        [Head, int, dict[str, Json], str | None, Usage | None], dict[str, Json]
    ]
    usage_chunk: Callable[[Head, Usage], dict[str, Json]] | None = None
    completion: Callable[[Head, tuple[Answer, ...], Usage], dict[str, Json]]
    error: Callable[[Rejection], tuple[int, Json | str]]
    models: Callable[[tuple[str, ...], int], dict[str, Json]]
    headers: Callable[[Head, Usage | None], tuple[tuple[str, str], ...]] = no_headers
    patch_grid: Callable[[int, int], tuple[int, int]] | None = None
    system: Message | None = None
    tagged: bool = False
    reasoning_fields: frozenset[str] = frozenset()
    stream_usage: StreamUsage = StreamUsage.EXTRA_CHUNK
    done: bool = True
    call_id: str = r"[!-~]+"
    paths: frozenset[str] = field(default_factory=frozenset)
    load: str = ""
    server_flags: ServerFlags = ServerFlags()
    # The server answers options of the wrong type with a bare 500 (a known defect).
    crashes_on_invalid_options: bool = False
    # None only where a provider is incomplete; it is then refused at load.
    rules: Rules | None = None

    def prepare(self, probe: Probe) -> Probe:
        """*probe* as it will be spelled: with the system message for thinking."""
        if not (probe.reasons and self.system and probe.messages):
            return probe
        if any(message.role == "system" for message in probe.messages):
            return probe
        return replace(probe, messages=(self.system, *probe.messages))
