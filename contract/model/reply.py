"""What a server means to send: frames on one absolute schedule, as a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from contract.model import sse
from contract.model.chat import (
    Json,
    Probe,
)
from contract.model.dialect import Dialect
from contract.model.exchange import (
    DONE,
    Arrival,
    End,
    Exchange,
)
from contract.model.profile import Profile
from contract.model.rejection import Rejection
from contract.model.strict_json import (
    MISSING,
    read_json,
)
from contract.model.wire import Request

JSON_TYPE = ("content-type", "application/json")
SSE_TYPE = ("content-type", "text/event-stream; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes to write *at* seconds after the request was read."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    A response before it is sent: performed on a socket, or rehearsed without one.

    `request` and `probe` say what it answers (the probe as the provider understood
    it, None when it could not), `rejection` why it refuses. `end` other than COMPLETE
    breaks the connection after the last frame (RESET) or leaves it hanging
    (TIMEOUT). `visits` are addresses on loopback that are opened before the answer.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    frames: tuple[Frame, ...] = ()
    end: End = End.COMPLETE
    dialect: Dialect
    request: Request
    probe: Probe | None = None
    rejection: Rejection | None = None
    visits: tuple[str, ...] = ()

    @property
    def streamed(self) -> bool:
        """Whether this is an event stream."""
        return any(
            name == "content-type" and value.startswith("text/event-stream")
            for name, value in self.headers
        )

    @property
    def body(self) -> bytes:
        """All bytes of the body."""
        return b"".join(frame.data for frame in self.frames)

    @property
    def json(self) -> Json:
        """The body as JSON; None for a stream or anything else."""
        value = read_json(self.body)
        return None if value is MISSING else value  # type: ignore[return-value]  # MISSING was told apart

    def with_json(self, value: Json) -> Reply:
        """The same reply with another whole body, at the time of the last frame."""
        at = self.frames[-1].at if self.frames else 0.0
        return replace(self, frames=(Frame(at, encode_json(value)),))

    def with_frames(self, frames: Iterable[Frame]) -> Reply:
        """The same reply with other frames."""
        return replace(self, frames=tuple(frames))

    def with_header(self, name: str, value: str | None) -> Reply:
        """The same reply with one header set, or removed (None)."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_status(self, status: int) -> Reply:
        """The same reply with another status."""
        return replace(self, status=status)

    def change(self, change: Callable[[Json], Json]) -> Reply:
        """
        *change* applied to the JSON of the body, or of every event of a stream.

        Frames that hold no JSON (the sentinel, comments) stay. A changed value of
        None drops the event. *change* may alter its argument in place.
        """
        if not self.streamed:
            value = read_json(self.body)
            if value is MISSING:
                return self
            return self.with_json(change(value))  # type: ignore[arg-type]  # MISSING was told apart
        frames = []
        for frame in self.frames:
            value = event_json(frame)
            if value is MISSING:
                frames.append(frame)
            elif (changed := change(value)) is not None:  # type: ignore[arg-type]  # MISSING was told apart
                frames.append(Frame(frame.at, sse.encode(encode_json(changed))))
        return self.with_frames(frames)


def encode_json(value: Json) -> bytes:
    """JSON bytes as most servers write them: no white space, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )


def event_json(frame: Frame) -> object:
    """The JSON of a frame that is one `data:` event, or MISSING."""
    if not frame.data.startswith(b"data: "):
        return MISSING
    return read_json(frame.data[6:].strip())


def is_done(frame: Frame) -> bool:
    """Whether a frame is the `[DONE]` sentinel."""
    return frame.data.strip() == f"data: {DONE}".encode()


def rehearse(reply: Reply, probe: Probe, profile: Profile) -> Exchange:
    """*reply* as *probe*'s exchange, on a virtual clock: no socket and no sleep."""
    arrivals = tuple(Arrival(frame.at, frame.data) for frame in reply.frames)
    end, note = reply.end, f"rehearsed {reply.end.value}"
    if (stay := _read_before_leaving(arrivals, probe.hang_up_after)) is not None:
        arrivals, end, note = arrivals[:stay], End.LEFT, "the probe hung up"
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
    )


def _read_before_leaving(
    arrivals: tuple[Arrival, ...], enough: int | None
) -> int | None:
    """How many of *arrivals* make *enough* bytes; None for whoever stays to the end."""
    if enough is None:
        return None
    size = 0
    for number, arrival in enumerate(arrivals, 1):
        size += len(arrival.data)
        if size >= enough:
            return number
    return None
