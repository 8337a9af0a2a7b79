"""Replies: responses as values, with all frames on one absolute schedule."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlsplit

from contract.model import sse
from contract.model.chat import Json
from contract.model.dialect import Dialect
from contract.model.exchange import (
    DONE,
    EVENT_STREAM,
    LEFT_OPEN,
    Arrival,
    End,
    Exchange,
    media_type,
)
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.rejection import Rejection
from contract.model.strict_json import MISSING, read_json
from contract.model.surface import Renderer
from contract.model.wire import Request

JSON_TYPE = ("content-type", "application/json")
SSE_TYPE = ("content-type", "text/event-stream; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that are written together."""

    # Seconds after the request was read.
    at: float
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response of the mock before it is sent on a socket, or rehearsed without."""

    # HTTP status.
    status: int = HTTPStatus.OK.value
    # Response headers in order, as (lower-case name, value).
    headers: tuple[tuple[str, str], ...] = ()
    # The body in the portions that are written, by ascending time.
    frames: tuple[Frame, ...] = ()
    # After the last frame: COMPLETE ends the response, RESET resets the connection,
    # TIMEOUT and OPEN leave it open.
    end: End = End.COMPLETE
    # The dialect of the body.
    dialect: Dialect
    # The request that is answered.
    request: Request
    # The request as the dialect parsed it; None where it could not.
    probe: Probe | None = None
    # The reason of a 4xx answer; None for other answers.
    rejection: Rejection | None = None
    # Loopback URLs that are fetched before the answer is sent.
    visits: tuple[str, ...] = ()
    # Whether the body is spelled as the dialect's surface has it, see `spelled`.
    is_spelled: bool = False

    @property
    def streamed(self) -> bool:
        """Whether this is an event stream."""
        return any(
            name == "content-type" and value.startswith("text/event-stream")
            for name, value in self.headers
        )

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(frame.data for frame in self.frames)

    @property
    def json(self) -> Json:
        """The body as JSON; None when it is a stream or not JSON."""
        value = read_json(self.body)
        return None if value is MISSING else value  # type: ignore[return-value]  # it is not MISSING

    @property
    def asked(self) -> dict[str, Json]:
        """The request body as that of a chat; empty when it is not a JSON object."""
        value = read_json(self.request.body)
        surface = self.dialect.surface
        if surface is not None and isinstance(value, dict):
            value = surface.parse(value)
        return value if isinstance(value, dict) else {}

    @property
    def is_chat(self) -> bool:
        """Whether the request was sent to the path of chats."""
        return self.request.path.partition("?")[0] == self.dialect.path

    def with_json(self, value: Json) -> Reply:
        """Return the reply with *value* as its body, at the time of the last frame."""
        at = self.frames[-1].at if self.frames else 0.0
        return replace(self, frames=(Frame(at, encode_json(value)),))

    def with_frames(self, frames: Iterable[Frame]) -> Reply:
        """Return the reply with other frames."""
        return replace(self, frames=tuple(frames))

    def with_header(self, name: str, value: str | None) -> Reply:
        """Return the reply with the header *name* set to *value*, or removed (None)."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_status(self, status: int) -> Reply:
        """Return the reply with another HTTP status."""
        return replace(self, status=status)

    def change(self, change: Callable[[Json], Json]) -> Reply:
        """
        Return the reply with *change* applied to the JSON of its body or events.

        Frames without JSON (the sentinel, comments) stay. Where *change* returns None
        the event is dropped. It may modify its argument in place.
        """
        if not self.streamed:
            value = read_json(self.body)
            if value is MISSING:
                return self
            return self.with_json(change(value))  # type: ignore[arg-type]  # it is not MISSING
        frames = []
        for frame in self.frames:
            value = event_json(frame)
            if value is MISSING:
                frames.append(frame)
            elif (changed := change(value)) is not None:  # type: ignore[arg-type]  # it is not MISSING
                frames.append(Frame(frame.at, sse.encode(encode_json(changed))))
        return self.with_frames(frames)


def encode_json(value: Json) -> bytes:
    """Return JSON bytes as most servers write them: no white space, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )


def event_json(frame: Frame) -> object:
    """Return the JSON of a frame that is one `data:` event, or MISSING."""
    if not frame.data.startswith(b"data: "):
        return MISSING
    return read_json(frame.data[6:].strip())


def is_done(frame: Frame) -> bool:
    """Return whether a frame is the `[DONE]` sentinel."""
    return frame.data.strip() == f"data: {DONE}".encode()


def spelled(reply: Reply) -> Reply:
    """
    Return *reply* as it is sent: in the spelling of its dialect's surface, if any.

    A reply is made and changed as a chat completion. What a fault made of it that is no
    JSON stays as it is.
    """
    surface = reply.dialect.surface
    if surface is None or reply.is_spelled:
        return reply
    reply = replace(reply, is_spelled=True)
    if not reply.is_chat or reply.status != HTTPStatus.OK:
        return reply
    asked = read_json(reply.request.body)
    body: Json = None if asked is MISSING else asked  # type: ignore[assignment]  # it is not MISSING
    kind = next((v for name, v in reply.headers if name == "content-type"), "")
    if media_type(kind) != EVENT_STREAM:
        value = read_json(reply.body)
        if value is MISSING:
            return reply
        rendered = surface.render(value, body)  # type: ignore[arg-type]  # it is not MISSING
        if rendered is value:
            return reply
        at = reply.frames[-1].at
        return reply.with_frames([Frame(at, _written(rendered))])
    render = surface.renderer(body)
    frames: list[Frame] = []
    rest = b""
    for frame in reply.frames:
        *whole, rest = _events(rest + frame.data)
        data = b"".join(_rendered(event, render) for event in whole)
        # A frame that ends inside an event, or holds none, is kept as one.
        frames.append(Frame(frame.at, data))
    if rest and frames:
        frames[-1] = replace(frames[-1], data=frames[-1].data + rest)
    return reply.with_frames(frame for frame in frames if frame.data)


_BLANK = re.compile(rb"(\r\n\r\n|\n\n|\r\r)")


def _events(data: bytes) -> list[bytes]:
    """Return the events in *data* with the blank lines after them, and what is left."""
    parts = _BLANK.split(data)
    whole = [text + blank for text, blank in zip(parts[::2], parts[1::2], strict=False)]
    return [*whole, parts[-1]]


def _rendered(event: bytes, render: Renderer) -> bytes:
    """Return an event as those that say the same; the lines beside its data stay."""
    blank = _BLANK.search(event)
    line = b"\n" if blank is None else blank[0][: len(blank[0]) // 2]
    mark = codecs.BOM_UTF8 if event.startswith(codecs.BOM_UTF8) else b""
    lines = event.removeprefix(mark).split(line)
    data = [one[5:].removeprefix(b" ") for one in lines if one.startswith(b"data:")]
    value = read_json(b"\n".join(data)) if data else MISSING
    if value is MISSING:
        return event
    others = [one + line for one in lines if one and not one.startswith(b"data:")]
    rendered = []
    for name, part in render(value):  # type: ignore[arg-type]  # it is not MISSING
        typed = [b"event: " + name.encode() + line] if name else []
        rendered += [*others, *typed, b"data: " + _written(part) + line + line]
        others = []
    return mark + (b"".join(rendered) or b"".join(others))


def _written(value: Json) -> bytes:
    """Return JSON bytes; half of a surrogate pair stays an escape, as it was sent."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def rehearse(
    reply: Reply, probe: Probe, profile: Profile, *, sent_at: float | None = None
) -> Exchange:
    """
    Return the exchange of *probe* with a server that sends *reply*.

    The clock is virtual: there is no socket and no sleep. *profile* is that of the
    server, and its dialect decodes the response. *sent_at* is the time of day of the
    request, in seconds since the epoch, if there is one.
    """
    reply = spelled(reply)
    arrivals = tuple(Arrival(frame.at, frame.data) for frame in reply.frames)
    end, note = reply.end, f"rehearsed {reply.end.value}"
    if end is End.OPEN:
        note = LEFT_OPEN
    if (count := _arrivals_read(arrivals, probe.hang_up_after)) is not None:
        arrivals, end, note = arrivals[:count], End.LEFT, "the probe hung up"
    return Exchange(
        probe=probe,
        profile=profile,
        request=reply.request,
        status=reply.status,
        headers=reply.headers,
        arrivals=arrivals,
        end=end,
        note="" if end is End.COMPLETE else note,
        visits=tuple(urlsplit(url).path for url in reply.visits)
        if probe.canary
        else None,
        elapsed=arrivals[-1].at if arrivals else 0.0,
        sent_at=sent_at,
        echoes=_echoes(reply),
    )


def _echoes(reply: Reply) -> tuple[str, ...]:
    """Return where *reply* repeats the key of its request, as a client records it."""
    key = (reply.request.header("authorization") or "").rpartition(" ")[2]
    if not key:
        return ()
    found = [f"header {name}" for name, value in reply.headers if key in value]
    return (*found, *(["body"] if key.encode() in reply.body else []))


def _arrivals_read(arrivals: tuple[Arrival, ...], enough: int | None) -> int | None:
    """Return the number of *arrivals* that hold *enough* bytes; None reads them all."""
    if enough is None:
        return None
    size = 0
    for number, arrival in enumerate(arrivals, 1):
        size += len(arrival.data)
        if size >= enough:
            return number
    return None
