"""
Folding of a stream: chunks of a choice that differ in their text alone become one.

Most chunks of a stream repeat the one before and add a word. Folded, a stream has a few
chunks with long texts, as if its server had sent larger deltas, and what does not
depend on the division into deltas is read off these few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from contract.model import sse
from contract.model.chat import Json, Piece
from contract.model.strict_json import MISSING, read_json
from contract.model.surface import Reader

DONE = "[DONE]"
# Members of random length and content, against an observer that measures the events.
PADDING = ("p", "obfuscation")
# Members of a delta whose text has no part in whether a chunk is valid.
TEXTS = frozenset({"content", "reasoning", "reasoning_content", "refusal"})
# Roles that a delta may repeat; any other one is worth a look at each chunk.
_ROLES = (None, "", "assistant")
_TAGGED = 2  # members of `{"type": …, "text": …}`
_MOST_MEMBERS = 2  # that carry the text: some servers send reasoning under two names
_HUGE = 2**63  # from here on, parsers differ in what they make of an integer


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


class Run:
    """
    A chunk with one text, and the texts of those after it that only go on with it.

    `alike` is whether a schema that does not constrain the text has one verdict about
    all of them.

    Usage: `run = Run.of(chunk)`, then for each value after it `run.text(value)`, and
    append to `texts`, `events` and `times` unless that is None.
    """

    __slots__ = (
        *("_choice", "_delta", "_head", "_listed", "_member", "_twin", "_value"),
        *("_padding", "_size", "alike", "events", "texts", "times"),
    )

    def __init__(self, chunk: Chunk, text: str, member: str, twin: str | None) -> None:
        value: Any = chunk.json
        self._value = value
        self._member, self._twin = member, twin
        self._head: dict[str, Any] = dict(value)
        self._choice: dict[str, Any] = dict(self._head.pop("choices")[0])
        self._delta: dict[str, Any] = dict(self._choice.pop("delta"))
        part = self._delta.pop(member)
        self._listed = part is not text
        self._size = len(part[0]) if self._listed else 0
        self._padding = _padding(self._head)
        if twin is not None:
            del self._delta[twin]
        others = {k: v for k, v in self._choice.items() if k != "index"}
        known = TEXTS.issuperset({member, twin or member})
        self.alike = known and not _has_flag([self._head, others, self._delta])
        # Of each chunk: text, number of the event, and arrival.
        self.texts = [text]
        self.events = [chunk.event]
        self.times = [chunk.at]

    @classmethod
    def of(cls, chunk: Chunk) -> Run | None:
        """
        Return the run that a chunk begins; None if those like it are to be read alone.

        Those are chunks with several choices, a finish reason, a usage, a wrong role,
        or with anything but one text.
        """
        value: Any = chunk.json
        choices = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(choices, list) or len(choices) != 1:
            return None
        choice = choices[0]
        if not isinstance(choice, dict) or choice.get("finish_reason") is not None:
            return None
        delta = choice.get("delta")
        if type(choice.get("index")) is not int or not isinstance(delta, dict):
            return None
        said = [name for name, part in delta.items() if part and name != "role"]
        if not 1 <= len(said) <= _MOST_MEMBERS or delta[said[0]] != delta[said[-1]]:
            return None
        text = delta[said[0]]
        if isinstance(text, list):
            text = _thought(text)
        unusual = (
            isinstance(value.get("usage"), dict) or delta.get("role") not in _ROLES
        )
        if unusual or not isinstance(text, str) or not text:
            return None
        return cls(chunk, text, said[0], said[1] if said[1:] else None)

    def text(self, value: Any) -> str | None:
        """
        Return the text of a value that differs from the chunk in its text alone.

        None for any other value, and for one without text. *value* is taken apart.
        """
        try:
            (choice,) = value.pop("choices")
            if (value != self._head or self._padding) and self._differs(value):
                return None
            delta = choice.pop("delta")
            # False and 0.0 equal 0, but are no index.
            if choice != self._choice or choice["index"].__class__ is not int:
                return None
            text = delta.pop(self._member)
            if self._twin is not None and delta.pop(self._twin) != text:
                return None
            if delta != self._delta:
                return None
            if self._listed:
                text, listed = _thought(text), text
                if text and len(listed[0]) != self._size:
                    self.alike = False
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            return None
        return text if text.__class__ is str and text else None

    def _differs(self, head: dict[str, Any]) -> bool:
        """Return whether more than the padding of a chunk differs from the first."""
        if _padding(head) != self._padding:
            self.alike = False
        return head != self._head

    def folded(self, chunk: Chunk) -> Chunk:
        """Return *chunk*, the one that began the run, with all the text."""
        if len(self.texts) == 1:
            return chunk
        choice = self._value["choices"][0]
        delta = choice["delta"]
        part: Any = "".join(self.texts)
        if self._listed:
            thought = {"type": "text", "text": part}
            part = [{**delta[self._member][0], "thinking": [thought]}]
        twin = {} if self._twin is None else {self._twin: part}
        changed = {**choice, "delta": {**delta, self._member: part, **twin}}
        return Chunk(chunk.event, chunk.at, {**self._value, "choices": [changed]})


def _padding(head: dict[str, Any]) -> dict[str, type]:
    """Remove the padding from a chunk; return its types by member."""
    return {name: head.pop(name).__class__ for name in PADDING if name in head}


def _has_flag(value: Any) -> bool:
    """Whether JSON holds true, false, 0 or 1, of which Python finds two equal."""
    if isinstance(value, dict):
        return any(map(_has_flag, value.values()))
    if isinstance(value, list):
        return any(map(_has_flag, value))
    return isinstance(value, int | float) and value in (0, 1)


def _thought(content: Any) -> Any:
    """Return the text of a list of one thinking chunk; None if it is another one."""
    try:
        (item,) = content
        (part,) = item["thinking"]
        text = part["text"]
        names = len(item) - (item.get("closed", None).__class__ is bool)
        plain = names == len(part) == _TAGGED and item["type"] == "thinking"
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return text if plain and part["type"] == "text" else None


def _is_plain(value: Json) -> bool:
    """Whether all numbers in a JSON value are read alike by every parser."""
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return not isinstance(value, int | float) or abs(value) < _HUGE


@dataclass(slots=True)
class Fold:
    """A chunk, and the run that it begins, if it begins one."""

    chunk: Chunk
    run: Run | None = None

    def folded(self) -> Chunk:
        """Return one chunk with all the text."""
        return self.chunk if self.run is None else self.run.folded(self.chunk)


@dataclass(slots=True)
class Stream:
    """What one walk over the bytes of a stream finds."""

    # Number of events.
    count: int = 0
    # The chunks in order, folded.
    folds: list[Fold] = field(default_factory=list)
    # Numbers of the events that are the sentinel [DONE].
    sentinels: list[int] = field(default_factory=list)
    # Numbers of the other events that are no JSON object.
    strays: list[int] = field(default_factory=list)
    # Departures from the SSE grammar.
    flaws: tuple[sse.Flaw, ...] = ()
    # The chunks whose JSON was not accepted, as they were sent.
    rejected: list[Chunk] = field(default_factory=list)

    @property
    def alike(self) -> bool:
        """Whether all chunks of each fold are as valid as its first."""
        return all(fold.run is None or fold.run.alike for fold in self.folds)


def walk(
    arrivals: Iterable[Arrival],
    decode: Callable[[Json], Sequence[Piece]],
    accepts: Callable[[Json], bool] | None = None,
    *,
    read: Reader | None = None,
    ended: bool = True,
) -> Stream:
    """
    Return what a stream holds, parsing each event once.

    Args:
        arrivals: The bytes of the stream.
        decode: Decodes a delta; chunks are folded only if that gives a single piece.
        accepts: Judges the JSON of each event, for `Stream.rejected`.
        read: Translates the JSON of each event of another surface to a chunk.
        ended: Whether the server ended the stream: it may be cut inside a comment if
            the client did.
    """
    return _Walker(decode, accepts, read).walk(arrivals, ended=ended)


class _Walker:
    def __init__(
        self,
        decode: Callable[[Json], Sequence[Piece]],
        accepts: Callable[[Json], bool] | None,
        read: Reader | None = None,
    ) -> None:
        self.stream = Stream()
        self._decode, self._accepts, self._read = decode, accepts, read
        # The last run of each choice, unless a chunk came after it that begins none.
        self._runs: dict[int, Run] = {}
        self._finished: set[int] = set()

    def walk(self, arrivals: Iterable[Arrival], *, ended: bool = True) -> Stream:
        """Return what the stream holds."""
        parser, stream, accepts = sse.Parser(), self.stream, self._accepts
        payloads, loads, runs = parser.payloads, orjson.loads, self._runs
        number = 0
        run: Run | None = None
        for arrival in arrivals:
            for payload in payloads(arrival.data):
                text, accepted = None, True
                if self._read is not None:
                    run = self._read_other(payload, number, arrival.at, run)
                    number += 1
                    continue
                if run is not None:
                    try:
                        # A value that equals the chunk of the run needs no referee.
                        value = loads(payload)
                        if len(runs) > 1:
                            run = runs.get(_index(value), run)
                        accepted = accepts is None or accepts(value)
                        text = run.text(value)
                    except orjson.JSONDecodeError:
                        pass
                if run is None or text is None:
                    run = self._read_alone(payload, number, arrival.at)
                else:
                    run.texts.append(text)
                    run.events.append(number)
                    run.times.append(arrival.at)
                    if not accepted:
                        self._judge(Chunk(number, arrival.at, _exact(payload)))
                number += 1
        if ended:
            parser.close()
        stream.count = number
        stream.flaws = tuple(parser.flaws)
        return stream

    def _read_other(
        self, payload: str, number: int, at: float, run: Run | None
    ) -> Run | None:
        """Read an event of another surface, if it has a counterpart."""
        value = self._value(payload, number)
        if value is MISSING or self._read is None:
            return self._begin(MISSING, number, at)
        self._judge(Chunk(number, at, value))
        chunk_read = self._read(value)
        if chunk_read is None:
            return run
        if run is not None:
            text = run.text(_taken_apart(chunk_read))
            if text is not None:
                run.texts.append(text)
                run.events.append(number)
                run.times.append(at)
                return run
        return self._begin(chunk_read, number, at)

    def _value(self, payload: str, number: int) -> Any:
        value = _exact(payload)
        if not isinstance(value, dict):
            stream = self.stream
            (stream.sentinels if payload == DONE else stream.strays).append(number)
        return value

    def _read_alone(self, payload: str, number: int, at: float) -> Run | None:
        """Read an event that may differ from the one before in anything."""
        value = self._value(payload, number)
        if value is not MISSING:
            self._judge(Chunk(number, at, value))
        return self._begin(value, number, at)

    def _begin(self, value: Any, number: int, at: float) -> Run | None:
        """Keep a chunk, if it is one; return the run that it begins."""
        run = None
        if value is not MISSING:
            chunk = Chunk(number, at, value)
            run = self._begun(chunk)
            self.stream.folds.append(Fold(chunk, run))
        if run is None:
            self._runs.clear()
        for index, choice in choices_of(value):
            if run is not None:
                self._runs[index] = run
            if choice.get("finish_reason") is not None:
                self._finished.add(index)
        return run

    def _judge(self, chunk: Chunk) -> None:
        if self._accepts is not None and not self._accepts(chunk.json):
            self.stream.rejected.append(chunk)

    def _begun(self, chunk: Chunk) -> Run | None:
        """Return the run that a chunk begins, if its text is one piece."""
        try:
            run = Run.of(chunk)
            plain = run is not None and _is_plain(chunk.json)
        except RecursionError:
            return None
        if run is None or not plain:
            return None
        ((index, choice),) = choices_of(chunk.json)
        single = len(self._decode(choice["delta"])) == 1
        return run if single and index not in self._finished else None


def _exact(payload: str) -> Any:
    return read_json(payload.encode(errors="surrogatepass"))


def _taken_apart(chunk: Any) -> Any:
    """Return a copy of a chunk as deep as `Run.text` takes it apart."""
    if not isinstance(chunk, dict) or not isinstance(chunk.get("choices"), list):
        return chunk
    choices = [
        {**one, "delta": {**delta}}
        if isinstance(one, dict) and isinstance(delta := one.get("delta"), dict)
        else one
        for one in chunk["choices"]
    ]
    return {**chunk, "choices": choices}


def _index(value: Any) -> int:
    """Return the index of the first choice of a chunk, to look up its run."""
    try:
        index = value["choices"][0]["index"]
    except (IndexError, KeyError, TypeError):
        return -1
    return index if isinstance(index, int) else -1


def choices_of(value: object) -> list[tuple[int, dict[str, Json]]]:
    """Return the choices of a chunk or body with their indices; 0 if one has none."""
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list):
        return []
    return [
        (index if isinstance(index := choice.get("index"), int) else 0, choice)
        for choice in choices
        if isinstance(choice, dict)
    ]
