"""Exchanges: recorded bytes with arrival times, and everything derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from contract.model import sse, think
from contract.model.chat import Json, Piece, PieceKind, merge_pieces
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.strict_json import MISSING, read_json
from contract.model.timing import Mark, Timing
from contract.model.wire import Request

DONE = "[DONE]"
EVENT_STREAM = "text/event-stream"
# The note of an exchange that ends as `End.OPEN`.
LEFT_OPEN = "the server left the connection open after [DONE]"


class End(StrEnum):
    """The way in which an exchange ended."""

    COMPLETE = "complete"
    REFUSED = "refused"  # no connection: refused, DNS, TLS
    RESET = "reset"  # the connection was reset or closed early
    TIMEOUT = "timeout"  # a time limit was reached
    TOO_LARGE = "too-large"  # more bytes than the session reads
    LEFT = "left"  # the client closed the connection, as the probe asks
    OPEN = "open"  # the server left the connection open after [DONE]

    @property
    def whole(self) -> bool:
        """Whether the content was received completely."""
        return self in {End.COMPLETE, End.OPEN}


def media_type(content_type: str | None) -> str:
    """Return a content type in lower case, without parameters; empty for None."""
    return (content_type or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that were read together."""

    # Seconds since the request was sent.
    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """The JSON of one event."""

    # Number of the event in the stream, from 0.
    event: int
    # Seconds since the request was sent.
    at: float
    json: Json


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """
    One request and everything that was received for it.

    API keys are redacted before an exchange is made. Every property is total: no
    received bytes make it raise.
    """

    # The probe that was sent.
    probe: Probe
    # The profile of the server under test; its dialect decodes the response.
    profile: Profile
    # The HTTP request that the probe became.
    request: Request
    # HTTP status; None when no response head arrived.
    status: int | None = None
    # Response headers in order, as (lower-case name, value).
    headers: tuple[tuple[str, str], ...] = ()
    # The body in the portions in which it was read.
    arrivals: tuple[Arrival, ...] = ()
    # The way in which the exchange ended.
    end: End = End.COMPLETE
    # A clause that describes an end other than COMPLETE; otherwise empty.
    note: str = ""
    # Paths of the SSRF canary that were requested, in order; None without a canary.
    visits: tuple[str, ...] | None = None
    # Seconds from sending the request to the end, whatever the end was; to the last
    # event if the connection was left open.
    elapsed: float = 0.0
    # How often it was repeated in vain after a rate limit, while others were answered.
    repeats: int = 0
    # When the request was sent, in seconds since the epoch; None if it is not known.
    sent_at: float | None = None

    def header(self, name: str) -> str | None:
        """Return the first response header of that name, in lower case, or None."""
        return next((value for key, value in self.headers if key == name), None)

    @cached_property
    def body(self) -> bytes:
        """The whole response body."""
        return b"".join(arrival.data for arrival in self.arrivals)

    @cached_property
    def text(self) -> str:
        """The body decoded as UTF-8; invalid bytes become U+FFFD."""
        return self.body.decode(errors="replace")

    @cached_property
    def media_type(self) -> str:
        """The content type in lower case, without parameters; empty when absent."""
        return media_type(self.header("content-type"))

    @cached_property
    def streamed(self) -> bool:
        """Whether the response is declared as an event stream."""
        return self.media_type == EVENT_STREAM

    @cached_property
    def json(self) -> Json:
        """The whole body as JSON; None when it is not (see `is_json`)."""
        return None if self._json is MISSING else self._json  # type: ignore[return-value]  # it is not MISSING

    @property
    def is_json(self) -> bool:
        """Whether the whole body is one JSON text."""
        return self._json is not MISSING

    @cached_property
    def _json(self) -> object:
        return read_json(self.body)

    @cached_property
    def sent(self) -> dict[str, Json]:
        """The request body as JSON; empty when it is not an object."""
        value = read_json(self.request.body)
        return value if isinstance(value, dict) else {}

    @cached_property
    def _parsed(self) -> tuple[tuple[sse.Event, ...], tuple[sse.Flaw, ...]]:
        parser = sse.Parser()
        events: list[sse.Event] = []
        if self.streamed:
            for arrival in self.arrivals:
                events += parser.feed(arrival.data, arrival.at)
            # A connection that was left open may have been closed inside a comment.
            if self.end is not End.OPEN:
                parser.close()
        return tuple(events), tuple(parser.flaws)

    @property
    def events(self) -> tuple[sse.Event, ...]:
        """The SSE events, each with the time at which its last byte was read."""
        return self._parsed[0]

    @property
    def flaws(self) -> tuple[sse.Flaw, ...]:
        """The departures of the stream from the SSE grammar."""
        return self._parsed[1]

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The events that hold JSON, without the [DONE] sentinel."""
        chunks = []
        for number, event in enumerate(self.events):
            if event.data != DONE:
                value = read_json(event.data.encode(errors="surrogatepass"))
                if value is not MISSING:
                    chunks.append(Chunk(number, event.at, value))  # type: ignore[arg-type]  # it is not MISSING
        return tuple(chunks)

    @cached_property
    def choices(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every choice object with its chunk; a whole body counts as chunk 0."""
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
        """Every piece with its chunk, in order of arrival."""
        splitters: dict[int, think.Splitter] = {}
        found: list[tuple[Chunk, Piece]] = []
        chunk = None
        for chunk, choice in self.choices:
            index = choice.get("index")
            number = index if isinstance(index, int) else 0
            part = choice.get("delta") if self.streamed else choice.get("message")
            for piece in self.profile.dialect.decode(part):
                split = self._split(piece, number, splitters)
                found += [(chunk, one) for one in split]
        if chunk is not None:
            for splitter in splitters.values():
                found += [(chunk, piece) for piece in splitter.close()]
        return tuple(found)

    def _split(
        self, piece: Piece, choice: int, splitters: dict[int, think.Splitter]
    ) -> list[Piece]:
        placed = Piece(piece.kind, piece.text, choice, piece.call)
        if not self.profile.dialect.tagged:
            return [placed]
        splitter = splitters.setdefault(choice, think.Splitter(choice))
        if piece.kind is PieceKind.ANSWER:
            return splitter.feed(piece.text)
        # A marker never spans a tool call, so no text needs to be held back.
        return [*splitter.close(), placed]

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The generated text, with neighbouring pieces merged."""
        return merge_pieces(piece for _, piece in self.placed_pieces)

    def text_of(self, kind: PieceKind, choice: int = 0) -> str:
        """Return the whole text of one kind in the choice with that index."""
        return "".join(
            piece.text
            for _, piece in self.placed_pieces
            if piece.kind is kind and piece.choice == choice
        )

    @property
    def reasoning(self) -> str:
        """The reasoning text of the first choice."""
        return self.text_of(PieceKind.REASONING)

    @property
    def answer(self) -> str:
        """The answer text of the first choice."""
        return self.text_of(PieceKind.ANSWER)

    @cached_property
    def finishes(self) -> dict[int, tuple[str, ...]]:
        """The finish reasons by index of the choice; a valid choice has one."""
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
        """The last finish reason of the first choice, or None."""
        reasons = self.finishes.get(0, ())
        return reasons[-1] if reasons else None

    @cached_property
    def usages(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every usage object with its chunk; a whole body counts as chunk 0."""
        chunks = self.chunks if self.streamed else (Chunk(0, self.elapsed, self.json),)
        return tuple(
            (chunk, usage)
            for chunk in chunks
            if isinstance(chunk.json, dict)
            and isinstance(usage := chunk.json.get("usage"), dict)
        )

    @property
    def usage(self) -> dict[str, Json]:
        """The last usage object; empty when there is none."""
        return self.usages[-1][1] if self.usages else {}

    def count(self, name: str) -> int | None:
        """Return one counter of the usage, such as `prompt_tokens`, if an integer."""
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
