"""Answers become frames: one body, or the events of a stream, each with its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson

from contract.mock_server.answering import Said
from contract.model.chat import (
    Json,
    Probe,
)
from contract.model.dialect import (
    Answer,
    Dialect,
    Head,
    StreamUsage,
)
from contract.model.exchange import DONE
from contract.model.rejection import Rejection
from contract.model.reply import (
    JSON_TYPE,
    SSE_TYPE,
    Frame,
    Reply,
    encode_json,
)
from contract.model.rules import Rules
from contract.model.wire import Request

# When each of so many texts is due, in seconds.
Times = Callable[[int], tuple[float, ...]]
TEXT_TYPE = ("content-type", "text/plain; charset=utf-8")
# Stands in remembered replies where the id goes; nobody says it by chance.
HOLE = "6fdc1d2e1c9d4a0bb7a64d1f2c53e098"
_HOLE = HOLE.encode()
NOT_ALLOWED = 405
_DONE = f"data: {DONE}\n\n".encode()


@dataclass(frozen=True, slots=True)
class ReplyFormat:
    """In whose words an answer is told."""

    dialect: Dialect
    rules: Rules


def spelled(value: Json) -> bytes:
    """JSON bytes, fast; what orjson cannot write is written the slow way."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return encode_json(value)


def frames(
    probe: Probe, said: Said, head: Head, words: ReplyFormat, times: Times
) -> tuple[Frame, ...]:
    """What is sent for *said*: a whole body or a stream, as *probe* asked."""
    if probe.stream:
        return tuple(_stream(probe, said, head, words, times))
    texts = max((len(answer.pieces) for answer in said.answers), default=0)
    body = words.dialect.completion(head, said.answers, said.usage)
    # The last text of a stream would be due at the same moment.
    return (Frame(times(max(texts, 1))[-1], spelled(body)),)


def _stream(
    probe: Probe, said: Said, head: Head, words: ReplyFormat, times: Times
) -> Iterator[Frame]:
    """Server-Sent Events: roles at once, then the texts of all choices in turn."""
    dialect = words.dialect
    events = [
        (text, index, delta, finish)
        for index, answer in enumerate(said.answers)
        for text, delta, finish in _deltas(answer, words)
    ]
    events.sort(key=lambda event: event[0])
    due = (0.0, *times(events[-1][0] if events else 0))
    last = len(events) - 1
    on_last = dialect.stream_usage is StreamUsage.LAST_CHUNK
    at = 0.0
    for place, (text, index, delta, finish) in enumerate(events):
        told = (on_last and place == last) or (
            words.rules.usage_on_every_finish and finish is not None
        )
        chunk = dialect.chunk(head, index, delta, finish, said.usage if told else None)
        at = due[text]
        yield Frame(at, _event(chunk))
    if probe.options.usage and not on_last and dialect.usage_chunk:
        yield Frame(at, _event(dialect.usage_chunk(head, said.usage)))
    if dialect.done:
        yield Frame(at, _DONE)


def _event(value: Json) -> bytes:
    return b"data: " + spelled(value) + b"\n\n"


def _deltas(
    answer: Answer, words: ReplyFormat
) -> Iterator[tuple[int, dict[str, Json], str | None]]:
    """
    The deltas of one choice with the number of the text they come with.

    Deltas without text (the role, the step to the answer, the finish) take no time
    of their own: they come with the text before them, the role at 0.
    """
    deltas = list(words.dialect.encode(answer.pieces))
    # A natural end comes in a chunk of its own, because its token has no text.
    rides = (
        words.rules.finish_rides_on_text and answer.finish != "stop" and len(deltas) > 1
    )
    text = 0
    for place, delta in enumerate(deltas):
        text += any(piece.text for piece in words.dialect.decode(delta))
        last = rides and place == len(deltas) - 1
        yield text, delta, answer.finish if last else None
    if not rides:
        yield text, {}, answer.finish


def reply(  # noqa: PLR0913, PLR0917  # all that a reply is made of
    request: Request,
    probe: Probe,
    said: Said,
    head: Head,
    dialect: Dialect,
    frames: tuple[Frame, ...],
) -> Reply:
    """The reply that sends *frames*."""
    kind = SSE_TYPE if probe.stream else JSON_TYPE
    return Reply(
        headers=(kind, *dialect.headers(head, said.usage)),
        frames=frames,
        dialect=dialect,
        request=request,
        probe=probe,
    )


def filled(frames: tuple[Frame, ...], id: str) -> tuple[Frame, ...]:
    """Remembered *frames* with the hole filled."""
    name = id.encode()
    return tuple([Frame(f.at, f.data.replace(_HOLE, name)) for f in frames])


def refused(
    request: Request, problem: Rejection, head: Head, dialect: Dialect
) -> Reply:
    """The dialect's status and body for *problem*, at once and never streamed."""
    status, body = dialect.error(problem)
    text = isinstance(body, str)
    # RFC 9110, 15.5.6: "The origin server MUST generate an Allow header field in a
    # 405 response".
    allowed = (("allow", problem.expected),) if status == NOT_ALLOWED else ()
    return Reply(
        status=status,
        headers=(
            TEXT_TYPE if text else JSON_TYPE,
            *allowed,
            *dialect.headers(head, None),
        ),
        frames=(Frame(0.0, body.encode() if isinstance(body, str) else spelled(body)),),
        dialect=dialect,
        request=request,
        rejection=problem,
    )


def plain(
    request: Request,
    head: Head,
    dialect: Dialect,
    body: Json | bytes,
    kind: tuple[str, str] = JSON_TYPE,
) -> Reply:
    """A body at once: JSON, or raw bytes of *kind* that may be empty."""
    raw = body if isinstance(body, bytes) else spelled(body)
    return Reply(
        headers=(kind, *dialect.headers(head, None)) if raw else (),
        frames=(Frame(0.0, raw),) if raw else (),
        dialect=dialect,
        request=request,
    )
