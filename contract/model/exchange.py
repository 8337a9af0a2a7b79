"""What one probe got back: bytes with arrival times; everything else is derived."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from contract.model import (
    sse,
    think,
)
from contract.model.chat import (
    Json,
    Piece,
    PieceKind,
    Probe,
    merge_pieces,
)
from contract.model.profile import Profile
from contract.model.strict_json import (
    MISSING,
    read_json,
)
from contract.model.timing import (
    Mark,
    Timing,
)
from contract.model.wire import Request

DONE = "[DONE]"


class End(StrEnum):
    """How an exchange came to its end."""

    COMPLETE = "complete"
    REFUSED = "refused"  # no connection: refused, DNS, TLS
    RESET = "reset"  # the connection broke off
    TIMEOUT = "timeout"  # one of the bounds ran out
    TOO_LARGE = "too-large"  # more bytes than the session reads
    LEFT = "left"  # the probe hung up, as it was meant to


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that were read together, *at* seconds after the request was sent."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """The JSON of one event: *event* is its number in the stream, from 0."""

    event: int
    at: float
    json: Json


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """
    One request and all that came back; keys are redacted before it is made.

    `status` is None when no response head arrived. `elapsed` is seconds until the
    end, whatever the end was; `note` says in words how it ended when not well.
    `visits` are the paths of the probe's canary that somebody asked for, in order;
    None where there was no canary.
    """

    probe: Probe
    profile: Profile
    request: Request
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    end: End = End.COMPLETE
    note: str = ""
    visits: tuple[str, ...] | None = None
    elapsed: float = 0.0

    def header(self, name: str) -> str | None:
        """The first response header of that (lower case) name."""
        return next((value for key, value in self.headers if key == name), None)

    @cached_property
    def body(self) -> bytes:
        """All bytes of the response body."""
        return b"".join(arrival.data for arrival in self.arrivals)

    @cached_property
    def text(self) -> str:
        """The body as UTF-8; other bytes become U+FFFD."""
        return self.body.decode(errors="replace")

    @cached_property
    def media_type(self) -> str:
        """The content type without parameters, lower case; empty when absent."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def streamed(self) -> bool:
        """Whether the response calls itself an event stream."""
        return self.media_type == "text/event-stream"

    @cached_property
    def json(self) -> Json:
        """The whole body as JSON; None when it is not (see `is_json`)."""
        return None if self._json is MISSING else self._json  # type: ignore[return-value]  # MISSING was told apart

    @property
    def is_json(self) -> bool:
        """Whether the whole body is one JSON text."""
        return self._json is not MISSING

    @cached_property
    def _json(self) -> object:
        return read_json(self.body)

    @cached_property
    def sent(self) -> dict[str, Json]:
        """The body that was sent, as JSON; empty when it was not an object."""
        value = read_json(self.request.body)
        return value if isinstance(value, dict) else {}

    @cached_property
    def _parsed(self) -> tuple[tuple[sse.Event, ...], tuple[sse.Flaw, ...]]:
        parser = sse.Parser()
        events: list[sse.Event] = []
        if self.streamed:
            for arrival in self.arrivals:
                events += parser.feed(arrival.data, arrival.at)
            parser.close()
        return tuple(events), tuple(parser.flaws)

    @property
    def events(self) -> tuple[sse.Event, ...]:
        """The SSE events, each at the moment its last byte was read."""
        return self._parsed[0]

    @property
    def flaws(self) -> tuple[sse.Flaw, ...]:
        """What a strict reader of the stream objects to."""
        return self._parsed[1]

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The events that hold JSON, without the sentinel."""
        chunks = []
        for number, event in enumerate(self.events):
            if event.data != DONE:
                value = read_json(event.data.encode(errors="surrogatepass"))
                if value is not MISSING:
                    chunks.append(Chunk(number, event.at, value))  # type: ignore[arg-type]  # MISSING was told apart
        return tuple(chunks)

    @cached_property
    def choices(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every choice object with the chunk it came in; a whole body is chunk 0."""
        chunks = self.chunks if self.streamed else (Chunk(0, self.elapsed, self.json),)
        found = []
        for chunk in chunks:
            if isinstance(chunk.json, dict):
                choices = chunk.json.get("choices")
                if isinstance(choices, list):
                    found += [(chunk, c) for c in choices if isinstance(c, dict)]
        return tuple(found)

    @cached_property
    def placed_pieces(self) -> tuple[tuple[Chunk, Piece], ...]:
        """Every piece with the chunk it came in, in order of arrival."""
        splitters: dict[int, think.Splitter] = {}
        found: list[tuple[Chunk, Piece]] = []
        chunk = None
        for chunk, choice in self.choices:
            index = choice.get("index")
            number = index if isinstance(index, int) else 0
            part = choice.get("delta") if self.streamed else choice.get("message")
            for piece in self.profile.dialect.decode(part):
                read = self._read(piece, number, splitters)
                found += [(chunk, one) for one in read]
        if chunk is not None:
            for splitter in splitters.values():
                found += [(chunk, piece) for piece in splitter.close()]
        return tuple(found)

    def _read(
        self, piece: Piece, choice: int, splitters: dict[int, think.Splitter]
    ) -> list[Piece]:
        spoken = Piece(piece.kind, piece.text, choice, piece.call)
        if not self.profile.dialect.tagged:
            return [spoken]
        splitter = splitters.setdefault(choice, think.Splitter(choice))
        if piece.kind is PieceKind.ANSWER:
            return splitter.feed(piece.text)
        # No marker goes on after a tool call, so nothing needs to be held back.
        return [*splitter.close(), spoken]

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """What was said, neighbours joined."""
        return merge_pieces(piece for _, piece in self.placed_pieces)

    def text_of(self, kind: PieceKind, choice: int = 0) -> str:
        """All text of one kind in one choice."""
        return "".join(
            piece.text
            for _, piece in self.placed_pieces
            if piece.kind is kind and piece.choice == choice
        )

    @property
    def reasoning(self) -> str:
        """The reasoning of the first choice."""
        return self.text_of(PieceKind.REASONING)

    @property
    def answer(self) -> str:
        """The answer of the first choice."""
        return self.text_of(PieceKind.ANSWER)

    @cached_property
    def finishes(self) -> dict[int, tuple[str, ...]]:
        """The finish reasons of each choice, in order; one is right."""
        found: dict[int, tuple[str, ...]] = {}
        for _, choice in self.choices:
            index = choice.get("index")
            number = index if isinstance(index, int) else 0
            reason = choice.get("finish_reason")
            found.setdefault(number, ())
            if isinstance(reason, str):
                found[number] = (*found[number], reason)
        return found

    @property
    def finish(self) -> str | None:
        """The finish reason of the first choice."""
        reasons = self.finishes.get(0, ())
        return reasons[-1] if reasons else None

    @cached_property
    def usages(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every usage object with the chunk it came in."""
        chunks = self.chunks if self.streamed else (Chunk(0, self.elapsed, self.json),)
        return tuple(
            (chunk, usage)
            for chunk in chunks
            if isinstance(chunk.json, dict)
            and isinstance(usage := chunk.json.get("usage"), dict)
        )

    @property
    def usage(self) -> dict[str, Json]:
        """The last usage object; empty when there was none."""
        return self.usages[-1][1] if self.usages else {}

    def count(self, name: str) -> int | None:
        """One counter of the usage, e.g. `prompt_tokens`; None unless an integer."""
        value = self.usage.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @cached_property
    def timing(self) -> Timing:
        """TTFB, TTFT, TTFO, ICL, TPOT and E2E of this exchange."""
        marks: dict[tuple[int, PieceKind], Mark] = {}
        for chunk, piece in self.placed_pieces:
            if piece.text:
                mark = Mark(chunk.at, piece.kind, chunk.event)
                marks.setdefault((chunk.event, piece.kind), mark)
        first = self.arrivals[0].at if self.arrivals else None
        return Timing(
            first, self.elapsed, tuple(marks.values()), self.count("completion_tokens")
        )
