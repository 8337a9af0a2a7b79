"""Changes of replies that scenarios are made of: statuses, streams, headers."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

from contract.model import sse
from contract.model.chat import Json, PieceKind
from contract.model.exchange import End
from contract.model.outages import failure
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
    encode_json,
    event_json,
    spelled,
)
from contract.model.rewrite import rewrite_pieces
from contract.model.strict_json import MISSING, read_json
from contract.quirks import fields

Change = Callable[[Reply], Reply]


def status(code: int, *, message: str = "", retry_after: int | None = None) -> Change:
    """
    Return a change to the dialect's error with the status *code*.

    *message* is the sentence in the body, if not the dialect's own; *retry_after* the
    seconds in the header Retry-After.
    """
    problem = Rejection(reason=RejectionReason.FAILURE, status=code, message=message)
    return lambda reply: failure(reply, problem, retry_after)


def busy_until(seconds: int) -> Change:
    """Return a change to a 429 whose Retry-After is the date in *seconds*."""

    def change(reply: Reply) -> Reply:
        # A date has a precision of a second; the next whole one is not too soon.
        now = datetime.now(UTC).replace(microsecond=0)
        date = format_datetime(now + timedelta(seconds=seconds + 1), usegmt=True)
        return status(429)(reply).with_header("retry-after", date)

    return change


def page(code: int, text: str) -> Change:
    """Return a change to a page of HTML, as a proxy sends it."""

    def change(reply: Reply) -> Reply:
        failed = status(code)(reply)
        body = Frame(0.0, text.encode())
        return replace(failed, headers=(("content-type", "text/html"),), frames=(body,))

    return change


def empty(code: int) -> Change:
    """Return a change to the status *code* without a body."""
    return lambda reply: replace(
        status(code)(reply), headers=(), frames=(), end=End.COMPLETE
    )


def chained(*changes: Change) -> Change:
    """Return a change that applies *changes* in order."""

    def change(reply: Reply) -> Reply:
        for one in changes:
            reply = one(reply)
        return reply

    return change


def _events(reply: Reply) -> Iterator[tuple[int, Json]]:
    """Yield the number and the JSON of each event that has JSON."""
    for number, frame in enumerate(reply.frames):
        value = event_json(frame)
        if value is not MISSING:
            yield number, value  # type: ignore[misc]  # it is not MISSING


def _event(at: float, value: Json) -> Frame:
    return Frame(at, sse.encode(encode_json(value)))


def _first_choice(value: Json) -> dict[str, Json]:
    """Return the first choice of an event or a body; an empty one without any."""
    choices = value.get("choices") if isinstance(value, dict) else None
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return {}


def with_choice(change: Callable[[dict[str, Json]], None]) -> Change:
    """Return a change that modifies the first choice of each event, or of the body."""

    def apply(value: Json) -> Json:
        choice = _first_choice(value)
        if choice:
            change(choice)
        return value

    return lambda reply: reply.change(apply)


def with_part(change: Callable[[dict[str, Json]], None]) -> Change:
    """Return a change that modifies each delta, or the message."""

    def apply(choice: dict[str, Json]) -> None:
        for name in ("delta", "message"):
            part = choice.get(name)
            if isinstance(part, dict):
                change(part)

    return with_choice(apply)


def field_renamed(reply: Reply) -> Reply:
    """`reasoning` is called `reasoning_content`, or the other way about."""
    other = {"reasoning": "reasoning_content", "reasoning_content": "reasoning"}

    def rename(part: dict[str, Json]) -> None:
        found = {name: part.pop(name) for name in other if name in part}
        if len(found) == 1:
            name, value = found.popitem()
            part[other[name]] = value
        else:
            # A dialect with both keeps the one that it is about to drop.
            part["reasoning"] = found.get("reasoning")

    return with_part(rename)(reply)


def both_fields(reply: Reply) -> Reply:
    """`reasoning` and `reasoning_content` hold the same text."""

    def copy(part: dict[str, Json]) -> None:
        names = ("reasoning", "reasoning_content")
        value = next((part[name] for name in names if name in part), None)
        if value is not None:
            part.update(dict.fromkeys(names, value))

    return with_part(copy)(reply)


def transition_in_one_delta(reply: Reply) -> Reply:
    """The delta that ends the reasoning also holds the first text of the answer."""
    dialect = reply.dialect
    pieces: list[tuple[int, PieceKind]] = [
        (number, piece.kind)
        for number, value in _events(reply)
        for piece in dialect.decode(_first_choice(value).get("delta"))
        if piece.text
    ]
    pairs = pairwise(pieces)
    wanted = (PieceKind.REASONING, PieceKind.ANSWER)
    place = next(((a, b) for (a, one), (b, two) in pairs if (one, two) == wanted), None)
    if place is None:
        return reply
    before, after = place
    if before == after:
        return reply  # the dialect does so by itself
    first, second = event_json(reply.frames[before]), event_json(reply.frames[after])
    one = _first_choice(first).get("delta")  # type: ignore[arg-type]  # an event of `_events`
    two = _first_choice(second).get("delta")  # type: ignore[arg-type]  # an event of `_events`
    if not isinstance(one, dict) or not isinstance(two, dict):
        return reply
    thinking, text = one.get("content"), two.get("content")
    if not isinstance(text, str):
        return reply
    if isinstance(thinking, list):
        one["content"] = [*thinking, {"type": "text", "text": text}]
    else:
        one["content"] = text
    frames = [
        frame
        for number, frame in enumerate(reply.frames)
        if not before < number <= after
    ]
    frames[before] = _event(reply.frames[after].at, first)  # type: ignore[arg-type]  # an event of `_events`
    return reply.with_frames(frames)


def thinks_again(reply: Reply) -> Reply:
    """The model thinks, answers in part, thinks again, and ends the answer."""

    def change(pieces: tuple[object, ...]) -> Iterator[object]:
        thoughts = [p for p in pieces if p.kind is PieceKind.REASONING and p.text]  # type: ignore[attr-defined]  # pieces
        answers = [p for p in pieces if p.kind is PieceKind.ANSWER and p.text]  # type: ignore[attr-defined]  # pieces
        half, middle = len(thoughts) // 2, len(answers) // 2
        yield from thoughts[:half]
        yield from answers[:middle]
        yield from thoughts[half:]
        yield from answers[middle:]

    return rewrite_pieces(reply, change)  # type: ignore[arg-type]  # a function of pieces


def unknown_chunk(reply: Reply) -> Reply:
    """Lists of content begin with a chunk of a type that was added later."""
    chunk: dict[str, Json] = {"type": "annotation_2027", "data": {"a": [1, None]}}

    def add(part: dict[str, Json]) -> None:
        content = part.get("content")
        if isinstance(content, list):
            part["content"] = [chunk, *content]

    return with_part(add)(reply)


def in_fragments(reply: Reply) -> Reply:
    """The arguments of each call come in pieces of three characters."""
    if not reply.streamed:
        return reply
    frames: list[Frame] = []
    for frame in reply.frames:
        value = event_json(frame)
        parts = [] if value is MISSING else list(_fragments(value))  # type: ignore[arg-type]  # it is not MISSING
        frames += [_event(frame.at, part) for part in parts] if parts else [frame]
    return reply.with_frames(frames)


def _fragments(value: Json) -> Iterator[Json]:
    """Yield the event *value* once for each fragment of the arguments in it."""
    choice = _first_choice(value)
    delta = choice.get("delta")
    calls = delta.get("tool_calls") if isinstance(delta, dict) else None
    if not isinstance(delta, dict) or not isinstance(calls, list) or len(calls) != 1:
        return
    call = calls[0]
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        return
    text = function.get("arguments")
    if not isinstance(text, str) or len(text) <= _FRAGMENT:
        return
    finish = choice.get("finish_reason")
    usage = value.get("usage") if isinstance(value, dict) else None
    parts = [text[n : n + _FRAGMENT] for n in range(0, len(text), _FRAGMENT)]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        named: dict[str, Json] = {"arguments": part}
        if not number:
            named = {**function, **named}
        head = {k: v for k, v in call.items() if not number or k == "index"}
        head.setdefault("index", 0)
        parts_of_call: dict[str, Json] = {**head, "function": named}
        one: dict[str, Json] = {
            **choice,
            "delta": {"tool_calls": [parts_of_call]},
            "finish_reason": finish if last else None,
        }
        event: dict[str, Json] = {**value, "choices": [one]}  # type: ignore[dict-item]  # an object
        if usage is not None and not last:
            event.pop("usage")
        yield event


_FRAGMENT = 3  # characters


def usage_alone(reply: Reply) -> Reply:
    """The usage comes in a chunk of its own, which has no choice."""
    if not reply.streamed:
        return reply
    frames: list[Frame] = []
    last: Json = None
    for frame in reply.frames:
        value = event_json(frame)
        if isinstance(value, dict) and value.get("usage") and value.get("choices"):
            last = {**value, "choices": []}
            value = {k: v for k, v in value.items() if k != "usage"}
            frames.append(_event(frame.at, value))
            frames.append(_event(frame.at, last))
        else:
            frames.append(frame)
    return reply.with_frames(frames)


def no_choices_first(reply: Reply) -> Reply:
    """The first chunk has an empty list of choices, as gateways with filters send."""
    if not reply.streamed:
        return reply
    for number, value in _events(reply):
        if isinstance(value, dict):
            first = _event(
                reply.frames[number].at,
                {
                    k: [] if k == "choices" else v
                    for k, v in value.items()
                    if k != "usage"
                },
            )
            return reply.with_frames((first, *reply.frames))
    return reply


def null_content(reply: Reply) -> Reply:
    """Deltas without text hold a content that is null, and so do messages of calls."""

    def change(part: dict[str, Json]) -> None:
        if not part.get("content"):
            part["content"] = None

    return with_part(change)(reply)


def role_everywhere(reply: Reply) -> Reply:
    """Every delta repeats the role."""

    def change(part: dict[str, Json]) -> None:
        part["role"] = "assistant"

    return with_part(change)(reply)


def finished(reason: str) -> Change:
    """Return a change to the finish reason *reason*."""

    def change(choice: dict[str, Json]) -> None:
        if choice.get("finish_reason") is not None:
            choice["finish_reason"] = reason

    return with_choice(change)


def one_id(reply: Reply) -> Reply:
    """Every response has the same id, as behind a proxy that sets it."""

    def change(value: Json) -> Json:
        if isinstance(value, dict) and "id" in value:
            value["id"] = "chatcmpl-0"
        return value

    return reply.change(change)


def events_of_other_types(reply: Reply) -> Reply:
    """Events of a type of their own, without a chunk, come between the chunks."""
    return _between(reply, b'event: metrics\ndata: {"queue": 3}\n\n')


def comments(reply: Reply) -> Reply:
    """Comments come between the chunks, and before the first one."""
    return _between(reply, b": ping\n\n")


def _between(reply: Reply, data: bytes) -> Reply:
    if not reply.streamed:
        return reply
    return reply.with_frames(
        part for frame in reply.frames for part in (Frame(frame.at, data), frame)
    )


def error_inside(reply: Reply) -> Reply:
    """A stream breaks off with an error as its data, and ends without [DONE]."""
    if not reply.streamed:
        return reply
    kept = reply.frames[: max(2, len(reply.frames) // 2)]
    error: dict[str, Json] = {
        "object": "error",
        "message": "The engine process died.",
        "type": "internal_server_error",
        "param": None,
        "code": 500,
    }
    return reply.with_frames(
        (*kept, _event(kept[-1].at if kept else 0.0, {"error": error}))
    )


def cut(reply: Reply) -> Reply:
    """Half of the reply is sent, then the connection is reset."""
    reply = spelled(reply)
    if reply.streamed:
        kept = reply.frames[: (len(reply.frames) + 1) // 2]
    else:
        kept = tuple(
            Frame(frame.at, frame.data[: len(frame.data) // 2])
            for frame in reply.frames
        )
    return replace(reply, frames=kept, end=End.RESET)


def truncated(reply: Reply) -> Reply:
    """Half of the stream is sent, and its body ends there as if it were whole."""
    if not reply.streamed:
        return reply
    return reply.with_frames(reply.frames[: (len(reply.frames) + 1) // 2])


def without_done(reply: Reply) -> Reply:
    """A stream ends after its last chunk, without [DONE]."""
    return reply.with_frames(f for f in reply.frames if b"[DONE]" not in f.data)


def delayed(seconds: float) -> Change:
    """Return a change that sends nothing for *seconds*, not even the headers."""
    return lambda reply: replace(
        reply.with_frames(Frame(f.at + seconds, f.data) for f in reply.frames)
    )


def closing(reply: Reply) -> Reply:
    """The server closes the connection after the reply."""
    return reply.with_header("connection", "close")


def compressed(reply: Reply) -> Reply:
    """The body is compressed with gzip, if the client accepts that."""
    reply = spelled(reply)
    accepted = (reply.request.header("accept-encoding") or "").lower()
    if "gzip" not in accepted or reply.status != _OK:
        return reply
    coded = reply.with_header("content-encoding", "gzip")
    if not reply.streamed:
        body = gzip.compress(reply.body, mtime=0)
        at = reply.frames[-1].at if reply.frames else 0.0
        return coded.with_frames((Frame(at, body),))
    packer = zlib.compressobj(wbits=31)
    frames = []
    for frame in reply.frames:
        data = packer.compress(frame.data) + packer.flush(zlib.Z_SYNC_FLUSH)
        frames.append(Frame(frame.at, data))
    at = frames[-1].at if frames else 0.0
    return coded.with_frames((*frames, Frame(at, packer.flush())))


_OK = 200


def in_tiny_writes(reply: Reply) -> Reply:
    """Every write is of seven bytes, so that characters and lines are divided."""
    reply = spelled(reply)
    if not reply.streamed:
        return reply
    return reply.with_frames(
        Frame(frame.at, frame.data[n : n + 7])
        for frame in reply.frames
        for n in range(0, len(frame.data), 7)
    )


def all_at_once(reply: Reply) -> Reply:
    """The whole stream comes in one write."""
    reply = spelled(reply)
    if not reply.streamed or not reply.frames:
        return reply
    return reply.with_frames((Frame(reply.frames[-1].at, reply.body),))


_DATA = re.compile(rb"(?m)^data: (\{.*)$")


def _with_json(reply: Reply, encode: Callable[[Json], bytes]) -> Reply:
    """Return a reply of another surface with its JSON, or that of each event, anew."""
    reply = spelled(reply)

    def again(data: bytes) -> bytes:
        value = read_json(data)
        return data if value is MISSING else encode(value)  # type: ignore[arg-type]  # it is not MISSING

    def event(found: re.Match[bytes]) -> bytes:
        return b"data: " + again(found[1])

    if not reply.streamed:
        return reply.with_frames(Frame(f.at, again(f.data)) for f in reply.frames)
    return reply.with_frames(
        Frame(f.at, _DATA.sub(event, f.data)) for f in reply.frames
    )


def unknown_members(reply: Reply) -> Reply:
    """A response, a chunk or an event has members that the client does not know."""
    if reply.dialect.surface is None:
        return fields.unknown_members.apply(reply)
    return _with_json(reply, lambda value: encode_json(_with_members(value)))


def _with_members(value: Json) -> Json:
    """Return *value* with new members in each of its objects that has a type."""
    if isinstance(value, list):
        return [_with_members(part) for part in value]
    if not isinstance(value, dict):
        return value
    members = {name: _with_members(part) for name, part in value.items()}
    if "type" in members or "object" in members:
        members["x_debug"] = {"node": 7, "notes": []}
    return members


def nulls_left_out(reply: Reply) -> Reply:
    """Members that are null are left out."""
    if reply.dialect.surface is None:
        return fields.nulls_left_out.apply(reply)
    return _with_json(reply, lambda value: encode_json(_without_nulls(value)))


def _without_nulls(value: Json) -> Json:
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {k: _without_nulls(part) for k, part in value.items() if part is not None}


def escaped_characters(reply: Reply) -> Reply:
    """All but ASCII is escaped in the JSON."""
    if reply.dialect.surface is None:
        return fields.escaped_characters.apply(reply)
    return _with_json(reply, lambda value: json.dumps(value).encode())


def unknown_events(reply: Reply) -> Reply:
    """Events whose type was added later come between the events of a response."""
    kind = "response.annotation_2027.delta"
    value: dict[str, Json] = {"type": kind, "delta": {"a": [1, None]}}
    event = f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()
    return _between(spelled(reply), event)


def unknown_item(reply: Reply) -> Reply:
    """The output of a response begins with an item of a type that was added later."""
    item: dict[str, Json] = {
        "type": "annotation_2027",
        "id": "an_1",
        "status": "completed",
        "data": {"a": [1, None]},
    }

    def added(value: Json) -> Json:
        if isinstance(value, dict) and isinstance(output := value.get("output"), list):
            return {**value, "output": [item, *output]}
        return value

    return _with_json(reply, lambda value: encode_json(added(value)))


def failed(reply: Reply) -> Reply:
    """A stream of events ends with `response.failed`, in the middle of the answer."""
    reply = spelled(reply)
    if not reply.streamed:
        return reply
    kept = reply.frames[: max(2, len(reply.frames) // 2)]
    created = next(
        (
            value
            for frame in kept
            for found in _DATA.finditer(frame.data)
            if isinstance(value := read_json(found[1]), dict) and "response" in value
        ),
        None,
    )
    if created is None:
        return reply
    response = created["response"]
    error: dict[str, Json] = {
        "code": "server_error",
        "message": "The engine process died.",
    }
    members = response if isinstance(response, dict) else {}
    end: dict[str, Json] = {
        "type": "response.failed",
        "sequence_number": 99_999,
        "response": {**members, "status": "failed", "error": error},
    }
    data = b"event: response.failed\ndata: " + encode_json(end) + b"\n\n"
    return reply.with_frames((*kept, Frame(kept[-1].at, data)))


def plain_json(reply: Reply, value: Json) -> Reply:
    """Return *reply* with *value* as its whole body."""
    return replace(
        reply, headers=(JSON_TYPE,), frames=(Frame(0.0, encode_json(value)),)
    )
