"""Exchanges: recorded bytes with arrival times, and everything derived from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from contract.model import sse, think
from contract.model.chat import Json, Piece, PieceKind, merge_pieces
from contract.model.folding import DONE, Arrival, Chunk, Fold, Stream, choices_of, walk
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.strict_json import MISSING, read_json
from contract.model.timing import Mark, Timing
from contract.model.warm import WARM
from contract.model.wire import Request

T = TypeVar("T")

EVENT_STREAM = "text/event-stream"
# The note of an exchange that ends as `End.OPEN`.
LEFT_OPEN = "the server left the connection open after [DONE]"

_BEGINNING = 8  # bytes that tell one format from another

__all__ = [
    "DONE",
    "EVENT_STREAM",
    "LEFT_OPEN",
    "Arrival",
    "Chunk",
    "End",
    "Exchange",
    "media_type",
]


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


class _Marks:
    """The fields of `Timing.marks`, without an object for each mark."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.kinds: list[PieceKind] = []
        self.events: list[int] = []
        self._seen: set[tuple[int, PieceKind]] = set()

    def add(self, pieces: Iterable[Piece], event: int, at: float) -> None:
        """Add the text of one event, once for each kind."""
        for piece in pieces:
            if piece.text and (event, piece.kind) not in self._seen:
                self._seen.add((event, piece.kind))
                self.add_all(piece.kind, (event,), (at,))

    def sort(self) -> None:
        """Put the events of several choices in the order in which they came."""
        if any(later < sooner for sooner, later in pairwise(self.events)):
            order = sorted(range(len(self.events)), key=self.events.__getitem__)
            self.times = [self.times[place] for place in order]
            self.kinds = [self.kinds[place] for place in order]
            self.events = [self.events[place] for place in order]

    def add_all(
        self, kind: PieceKind, events: Sequence[int], times: Sequence[float]
    ) -> None:
        """Add events of one kind that are not there yet."""
        self.events += events
        self.times += times
        self.kinds += [kind] * len(events)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """
    One request and everything that was received for it.

    API keys are redacted before an exchange is made. Every property is total: no
    received bytes make it raise.

    A stream is walked once, for all properties that do not depend on its division into
    deltas; those that do (`events`, `chunks`, `choices`, `placed_pieces`) are computed
    when they are asked for, and take memory for each event. All of that is kept while
    there is room for it (`contract.model.warm`), and otherwise computed again.
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
    # The body in the portions in which it was read. They may be on the disk: iterate.
    arrivals: Sequence[Arrival] = ()
    # The way in which the exchange ended.
    end: End = End.COMPLETE
    # A clause that describes an end other than COMPLETE; otherwise empty.
    note: str = ""
    # Paths of the SSRF canary that were requested, in order; None without a canary.
    visits: tuple[str, ...] | None = None
    # Seconds from sending the request to the end, whatever the end was; to the last
    # event if the connection was left open.
    elapsed: float = 0.0
    # Seconds before the request was sent: name, connection, TLS; 0 if not known.
    connecting: float = 0.0
    # How often it was repeated in vain after a rate limit, while others were answered.
    repeats: int = 0
    # When the request was sent, in seconds since the epoch; None if it is not known.
    sent_at: float | None = None
    # Where the response repeats a secret, which is redacted: "header NAME", "body".
    echoes: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """Return the first response header of that name, in lower case, or None."""
        return next((value for key, value in self.headers if key == name), None)

    @cached_property
    def size(self) -> int:
        """The number of bytes of the body."""
        known: int | None = getattr(self.arrivals, "size", None)  # not to read a file
        if known is not None:
            return known
        return sum(len(arrival.data) for arrival in self.arrivals)

    def _read(self) -> Sequence[Arrival]:
        """Return the arrivals, to derive something from them that is kept."""
        WARM.add(self, self.size)
        return self.arrivals

    @cached_property
    def beginning(self) -> bytes:
        """The first bytes of the body: eight, or fewer if it is shorter."""
        found = b""
        for arrival in self.arrivals:
            found += arrival.data[:_BEGINNING]
            if len(found) >= _BEGINNING:
                break
        return found[:_BEGINNING]

    @cached_property
    def body(self) -> bytes:
        """The whole response body."""
        return b"".join(arrival.data for arrival in self._read())

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
        """
        The whole body as JSON; None when it is not (see `is_json`).

        A response of another surface is translated to a chat completion.
        """
        surface = self.profile.dialect.surface
        return self.raw_json if surface is None else surface.read(self.raw_json)

    @property
    def raw_json(self) -> Json:
        """The whole body as JSON as it was sent; None when it is not JSON."""
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
        """
        The request body as JSON; empty when it is not an object.

        A request to another surface is translated to a chat request.
        """
        value = read_json(self.request.body)
        surface = self.profile.dialect.surface
        if surface is not None and isinstance(value, dict):
            value = surface.parse(value)
        return value if isinstance(value, dict) else {}

    @cached_property
    def _stream(self) -> Stream:
        return self._walk(None)

    def _walk(self, accepts: Callable[[Json], bool] | None) -> Stream:
        dialect = self.profile.dialect
        if self.streamed:
            return walk(
                self._read(),
                dialect.decode,
                accepts,
                read=None if dialect.surface is None else dialect.surface.reader(),
                ended=self.end is not End.OPEN,
            )
        # A whole body counts as chunk 0.
        chunk = Chunk(0, self.elapsed, self.json)
        raw = Chunk(0, self.elapsed, self.raw_json)
        accepted = accepts is None or (self.is_json and accepts(raw.json))
        return Stream(folds=[Fold(chunk)], rejected=[] if accepted else [raw])

    @cached_property
    def _rejected(self) -> dict[str, tuple[Chunk, ...]]:
        return {}

    def rejected(
        self, name: str, accepts: Callable[[Json], bool], *, blind: bool = False
    ) -> tuple[Chunk, ...]:
        """
        Return the chunks that *accepts* rejects; a body without JSON is rejected.

        The verdicts are kept under *name*. *blind* is whether *accepts* has one verdict
        about values that differ in their text alone: then a few of them are judged
        first, and the others only if one of these is rejected.
        """
        found = self._rejected.get(name)
        if found is None:
            surface = self.profile.dialect.surface
            if blind and self.streamed and surface is None and self._stream.alike:
                folds = self._stream.folds
                whole = all(accepts(fold.chunk.json) for fold in folds)
            else:
                whole = False
            found = () if whole else self._judged(accepts)
            self._rejected[name] = found
        return found

    def _judged(self, accepts: Callable[[Json], bool]) -> tuple[Chunk, ...]:
        """Return the chunks that *accepts* rejects, of all."""
        stream = self._walk(accepts)
        self.__dict__.setdefault("_stream", stream)
        return tuple(stream.rejected)

    def derived(self, name: str, derive: Callable[[Exchange], T]) -> T:
        """
        Return what *derive* computes from this exchange, which is kept under *name*.

        Usage: `exchange.derived("response kind", classify)`.
        """
        kept = self.__dict__
        try:  # another thread may forget it at any moment
            found: T = kept[name]
        except KeyError:
            found = kept[name] = derive(self)
        return found

    def release(self) -> None:
        """Forget everything that is derived from the bytes; it is computed again."""
        kept = {field.name for field in fields(self)}
        for name in [*self.__dict__]:
            if name not in kept:  # another thread may have forgotten it
                self.__dict__.pop(name, None)

    @cached_property
    def events(self) -> tuple[sse.Event, ...]:
        """The SSE events, each with the time at which its last byte was read."""
        parser = sse.Parser()
        return tuple(
            event
            for arrival in (self._read() if self.streamed else ())
            for event in parser.feed(arrival.data, arrival.at)
        )

    @property
    def event_count(self) -> int:
        """The number of events."""
        return self._stream.count

    @property
    def sentinels(self) -> Sequence[int]:
        """The numbers of the events that are [DONE], from 0."""
        return self._stream.sentinels

    @property
    def strays(self) -> Sequence[int]:
        """The numbers of the events that are neither a JSON object nor [DONE]."""
        return self._stream.strays

    @property
    def flaws(self) -> tuple[sse.Flaw, ...]:
        """The departures of the stream from the SSE grammar."""
        return self._stream.flaws

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """
        The events that hold JSON, without the [DONE] sentinel.

        Those of another surface are translated, and left out if they say nothing that
        a chunk of a chat does.
        """
        surface = self.profile.dialect.surface
        if surface is None:
            return self.raw_chunks
        read = surface.reader()
        pairs = ((chunk, read(chunk.json)) for chunk in self.raw_chunks)
        return tuple(
            Chunk(chunk.event, chunk.at, value)
            for chunk, value in pairs
            if value is not None
        )

    @cached_property
    def raw_chunks(self) -> tuple[Chunk, ...]:
        """The JSON of the events as it was sent, without the [DONE] sentinel."""
        chunks = []
        for number, event in enumerate(self.events):
            if event.data != DONE:
                value = read_json(event.data.encode(errors="surrogatepass"))
                if value is not MISSING:
                    chunks.append(Chunk(number, event.at, value))  # type: ignore[arg-type]  # it is not MISSING
        return tuple(chunks)

    @cached_property
    def folded(self) -> tuple[Chunk, ...]:
        """
        The chunks, with those of a choice that differ in their text alone made one.

        The text of the one is theirs joined, its number and time are those of the
        first. A chunk with a finish reason, a usage, a tool call or an error, one of
        a finished choice, and the first of each choice, stay as they are, and nothing
        is moved before such a chunk. A whole body counts as chunk 0.
        """
        return tuple(fold.folded() for fold in self._stream.folds)

    @cached_property
    def folded_choices(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every choice object of `folded`, with its chunk."""
        return tuple(
            (chunk, choice)
            for chunk in self.folded
            for _, choice in choices_of(chunk.json)
        )

    @cached_property
    def folded_pieces(self) -> tuple[tuple[Chunk, Piece], ...]:
        """Every piece of `folded`, with its chunk."""
        return self._placed(self.folded_choices)

    @cached_property
    def choices(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every choice object with its chunk; a whole body counts as chunk 0."""
        if not self.streamed:
            return self.folded_choices
        return tuple(
            (chunk, choice)
            for chunk in self.chunks
            for _, choice in choices_of(chunk.json)
        )

    @cached_property
    def placed_pieces(self) -> tuple[tuple[Chunk, Piece], ...]:
        """Every piece with its chunk, in order of arrival."""
        return self._placed(self.choices) if self.streamed else self.folded_pieces

    def _placed(
        self, choices: Iterable[tuple[Chunk, dict[str, Json]]]
    ) -> tuple[tuple[Chunk, Piece], ...]:
        splitters: dict[int, think.Splitter] = {}
        found: list[tuple[Chunk, Piece]] = []
        chunk = None
        for chunk, choice in choices:
            index = choice.get("index")
            number = index if isinstance(index, int) else 0
            for piece in self._decoded(choice):
                split = self._split(piece, number, splitters)
                found += [(chunk, one) for one in split]
        if chunk is not None:
            for splitter in splitters.values():
                found += [(chunk, piece) for piece in splitter.close()]
        return tuple(found)

    def _split(
        self, piece: Piece, choice: int, splitters: dict[int, think.Splitter]
    ) -> list[Piece]:
        placed = (
            Piece(piece.kind, piece.text, choice, piece.call)
            if choice != piece.choice
            else piece
        )
        if not self.profile.dialect.tagged:
            return [placed]
        splitter = splitters.setdefault(choice, think.Splitter(choice))
        if piece.kind is PieceKind.ANSWER:
            return splitter.feed(piece.text)
        # A marker never spans a tool call, so no text needs to be held back.
        return [*splitter.close(), placed]

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The generated text of `folded`, with neighbouring pieces merged."""
        return merge_pieces(piece for _, piece in self.folded_pieces)

    @cached_property
    def _texts(self) -> dict[tuple[PieceKind, int], str]:
        texts: dict[tuple[PieceKind, int], list[str]] = {}
        for piece in self.pieces:
            texts.setdefault((piece.kind, piece.choice), []).append(piece.text)
        return {place: "".join(parts) for place, parts in texts.items()}

    def text_of(self, kind: PieceKind, choice: int = 0) -> str:
        """Return the whole text of one kind in the choice with that index."""
        return self._texts.get((kind, choice), "")

    def texts_of(self, kind: PieceKind) -> dict[int, str]:
        """Return the texts of one kind by index of the choice, without empty ones."""
        return {
            choice: text for (of, choice), text in self._texts.items() if of is kind
        }

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
        found: dict[int, list[str]] = {}
        for chunk in self.folded:
            for index, choice in choices_of(chunk.json):
                reasons = found.setdefault(index, [])
                if isinstance(reason := choice.get("finish_reason"), str):
                    reasons.append(reason)
        return {index: tuple(reasons) for index, reasons in found.items()}

    @property
    def finish(self) -> str | None:
        """The last finish reason of the first choice, or None."""
        reasons = self.finishes.get(0, ())
        return reasons[-1] if reasons else None

    @cached_property
    def usages(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every usage object with its chunk; a whole body counts as chunk 0."""
        return tuple(
            (chunk, usage)
            for chunk in self.folded
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
    def _marks(self) -> _Marks:
        marks = _Marks()
        splitters: dict[int, think.Splitter] = {}
        event, at = 0, 0.0
        for fold in self._stream.folds:
            for index, choice in choices_of(fold.chunk.json):
                event, at = fold.chunk.event, fold.chunk.at
                pieces = self._decoded(choice)
                if fold.run is None:
                    for piece in pieces:
                        marks.add(self._split(piece, index, splitters), event, at)
                elif not self.profile.dialect.tagged:
                    marks.add_all(pieces[0].kind, fold.run.events, fold.run.times)
                else:
                    # A marker may divide the text of a fold into several kinds.
                    for text, event, at in zip(  # the last are used below
                        fold.run.texts, fold.run.events, fold.run.times, strict=True
                    ):
                        piece = Piece(pieces[0].kind, text, index)
                        marks.add(self._split(piece, index, splitters), event, at)
        for splitter in splitters.values():
            marks.add(splitter.close(), event, at)
        marks.sort()
        return marks

    def _decoded(self, choice: dict[str, Json]) -> tuple[Piece, ...]:
        return self.profile.dialect.decode(
            choice.get("delta" if self.streamed else "message")
        )

    @property
    def text_times(self) -> Sequence[float]:
        """The time of each of `timing.marks`."""
        return self._marks.times

    @cached_property
    def timing(self) -> Timing:
        """TTFB, TTFT, TTFO, ICL, TPOT and E2E of this exchange."""
        first = self.arrivals[0].at if self.arrivals else None
        seen = self._marks
        marks = tuple(map(Mark, seen.times, seen.kinds, seen.events))
        return Timing(first, self.elapsed, marks, self.count("completion_tokens"))
