"""Dialects: the wire format of one API for chats, in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from contract.model.chat import CHAT, Json, Message, Piece, Token
from contract.model.probe import Probe
from contract.model.rejection import Rejection
from contract.model.rules import Rules
from contract.model.surface import Surface


class StreamUsage(StrEnum):
    """The location of `usage` in a stream."""

    # On the chunk with the finish reason, whether requested or not.
    LAST_CHUNK = "last-chunk"
    # On a further chunk without choices, when the request asks for it.
    EXTRA_CHUNK = "extra-chunk"
    # In either place, whether requested or not: no recording decides.
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one request."""

    # Tokens of the prompt.
    prompt: int
    # Tokens that were generated, reasoning included.
    completion: int
    # The part of *completion* that is reasoning.
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The members that all events of one response share."""

    # Id of the response.
    id: str
    # Time of the response in seconds since the Unix epoch.
    created: int
    # Name of the model.
    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One generated choice."""

    # The generated text, in order.
    pieces: tuple[Piece, ...]
    # The finish reason.
    finish: str = "stop"
    # Every generated token, where the request asks for log-probabilities.
    tokens: tuple[Token, ...] = ()
    # The stop string that ended it; None where none did.
    stop: str | None = None
    # Whether the request forced it to be a tool call.
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFlags:
    """
    Hints on starting a server so that it keeps the contract.

    Each is an imperative clause such as "start vLLM with --max-model-len {}"; empty
    where no such setting is known.
    """

    # Separates the reasoning from the content.
    reasoning: str = ""
    # Further flags that streams need beside *thought*.
    streaming: str = ""
    # Separates tool calls from the content.
    tool_calls: str = ""
    # Sets the context window; `{}` stands for the number of tokens.
    window: str = ""
    # Sets the number of images that a request may hold; `{}` stands for the number.
    images: str = ""
    # Enables image input.
    vision: str = ""
    # Stops the server from sending usage that the request did not ask for.
    usage: str = ""
    # Names the releases that separate reasoning and answer only in streams.
    release: str = ""


def no_headers(_head: Head, _usage: Usage | None) -> tuple[tuple[str, str], ...]:
    """Return no headers, for dialects that send only the content type."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """
    The wire format of one API: functions for behaviour, data for everything else.

    Clients use `request` and `decode`; the mock uses `parse`, `encode` and the
    functions below them. The two halves share constants only, so that a mistake in
    one does not hide behind the same mistake in the other.
    """

    # Unique name of the dialect.
    id: str
    # A noun phrase for listings.
    title: str
    # Prefix of the names of its schemas in `openapi.yaml`, such as "Vllm016".
    prefix: str
    # (probe, model name) -> the request body, without patches.
    request: Callable[[Probe, str], dict[str, Json]]
    # One delta, or one whole message, -> its pieces; never raises. Texts are copied, so
    # that two deltas of the same members mean what one with both texts means.
    decode: Callable[[Json], tuple[Piece, ...]]
    # A body that matches the request schema -> the probe it stands for.
    parse: Callable[[Mapping[str, Json]], Probe]
    # The pieces of one choice -> its deltas, the one with the role first.
    encode: Callable[[Iterable[Piece]], Iterator[dict[str, Json]]]
    # The pieces of one choice -> its whole message.
    message: Callable[[Iterable[Piece]], dict[str, Json]]
    # (head, index of the choice, delta, finish reason, usage) -> one event.
    chunk: Callable[
        [Head, int, dict[str, Json], str | None, Usage | None], dict[str, Json]
    ]
    # The event with the usage, after the last choice; None where there is none.
    usage_chunk: Callable[[Head, Usage], dict[str, Json]] | None = None
    # A whole response, one answer per choice.
    completion: Callable[[Head, tuple[Answer, ...], Usage], dict[str, Json]]
    # A rejection -> HTTP status and body.
    error: Callable[[Rejection], tuple[int, Json | str]]
    # (names of the models, context window in tokens) -> the body of /v1/models.
    models: Callable[[tuple[str, ...], int], dict[str, Json]]
    # Response headers beside the content type, as (lower-case name, value); the usage
    # is None for responses that generate nothing.
    headers: Callable[[Head, Usage | None], tuple[tuple[str, str], ...]] = no_headers
    # (width, height) of an image in pixels -> (columns, rows) of its patch grid; None
    # where the grid is not known.
    patch_grid: Callable[[int, int], tuple[int, int]] | None = None
    # System message that requests reasoning where the server has no default one.
    system: Message | None = None
    # Whether decoded answer text still holds [THINK] markers, to be split by
    # `contract.model.think`.
    tagged: bool = False
    # Members of a message or delta that carry the reasoning text.
    reasoning_fields: frozenset[str] = frozenset()
    # The location of usage in a stream.
    stream_usage: StreamUsage = StreamUsage.EXTRA_CHUNK
    # Whether a stream ends with the [DONE] sentinel.
    done: bool = True
    # Pattern of a whole tool call id, in the form that the API also accepts back.
    call_id: str = r"[!-~]+"
    # Paths that the server has beside the chat, with `{model}` for a model's name.
    paths: frozenset[str] = field(default_factory=frozenset)
    # Path that reports the load of the server; empty where there is none.
    load: str = ""
    # Hints for findings that a setting of the server prevents.
    server_flags: ServerFlags = ServerFlags()
    # The server answers options of the wrong type with a bare 500 (a known defect).
    crashes_on_invalid_options: bool = False
    # The spelling of chats where it is not that of /v1/chat/completions.
    surface: Surface | None = None
    # Release -> this dialect as the mock of that release speaks it, where the releases
    # that share the dialect differ. A profile names one of them as `release`.
    releases: Mapping[str, Dialect] = field(
        default_factory=dict, hash=False, compare=False, repr=False
    )
    # Behaviour of the mock; None only in an incomplete provider, which is rejected
    # when it is loaded.
    rules: Rules | None = None

    @property
    def path(self) -> str:
        """The path of chats."""
        return CHAT if self.surface is None else self.surface.path

    def prepare(self, probe: Probe) -> Probe:
        """Return *probe* as it is sent: with the system message for reasoning."""
        if not (probe.reasons and self.system and probe.messages):
            return probe
        if any(message.role == "system" for message in probe.messages):
            return probe
        return replace(probe, messages=(self.system, *probe.messages))
