"""The events and items of a response, for the checks and the faults of this family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from contract.model import sse
from contract.model.chat import Json
from contract.model.check import NotApplicable, event_location
from contract.model.exchange import Chunk, Exchange
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply, encode_json, spelled
from contract.model.strict_json import MISSING, read_json

RESPONSES = frozenset({Capability.RESPONSES})
STREAMS = RESPONSES | {Capability.STREAMING}
# The types of the events that end a stream.
ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})

Event = dict[str, Any]


def typed(exchange: Exchange) -> list[tuple[Chunk, Event]]:
    """
    Return the events of a stream that have a type, as they were sent.

    Raises `NotApplicable` if there is none.
    """
    found: list[tuple[Chunk, Event]] = [
        (chunk, chunk.json)
        for chunk in exchange.raw_chunks
        if isinstance(chunk.json, dict) and isinstance(chunk.json.get("type"), str)
    ]
    if not found:
        raise NotApplicable("the stream has no event with a type")
    return found


def place(chunk: Chunk) -> str:
    """Return where an event is, as a finding names it."""
    return event_location(chunk.event, chunk.at)


def output_of(exchange: Exchange) -> list[Event]:
    """
    Return the items of a response: of the last event that has them, if it is a stream.

    Raises `NotApplicable` if there is no such list, or if it is empty.
    """
    items = [item for item in _listed(exchange) if isinstance(item, dict)]
    if not items:
        raise NotApplicable("the response has no items")
    return items


def _listed(exchange: Exchange) -> list[Json]:
    response = response_of(exchange)
    listed = response.get("output") if response is not None else None
    return listed if isinstance(listed, list) else []


def response_of(exchange: Exchange) -> Event | None:
    """Return the response object: the body, or that of the last event; else None."""
    if not exchange.streamed:
        return exchange.raw_json if isinstance(exchange.raw_json, dict) else None
    for chunk in reversed(exchange.raw_chunks):
        value: Any = chunk.json
        if isinstance(value, dict) and value.get("type") in ENDS:
            response = value.get("response")
            return response if isinstance(response, dict) else None
    return None


def texts_of(item: Event) -> str:
    """Return the text of an item: that of its parts, or the arguments of a call."""
    if item.get("type") == "function_call":
        return item["arguments"] if isinstance(item.get("arguments"), str) else ""
    parts = item.get("content")
    return "".join(
        text
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and isinstance(text := part.get("text"), str)
    )


def change_events(
    reply: Reply, change: Callable[[list[Event]], list[Event] | None]
) -> Reply:
    """
    Return a stream with *change* applied to its events, as they are sent.

    *change* may modify them; where it returns None the reply stays as it is. So do
    whole replies, and streams with anything but JSON.
    """
    if not reply.streamed or reply.dialect.surface is None:
        return reply
    frames = spelled(reply).frames
    parts = [(frame.at, part) for frame in frames for part in _split(frame.data)]
    events = [(at, _json_of(part)) for at, part in parts]
    if any(not isinstance(event, dict) for _, event in events):
        return reply
    times = {id(event): at for at, event in events}
    changed = change([event for _, event in events])
    if changed is None:
        return reply
    last = frames[-1].at if frames else 0.0
    return spelled(reply).with_frames(
        Frame(times.get(id(event), last), written(event)) for event in changed
    )


def written(event: Event) -> bytes:
    """Return the bytes of an event, with its type."""
    head = f"event: {event.get('type')}\n".encode()
    return head + sse.encode(encode_json(event))


def change_body(reply: Reply, change: Callable[[Event], Event | None]) -> Reply:
    """
    Return a reply with *change* applied to its whole response, as it is sent.

    In a stream this is the response of its last event. Where *change* returns None the
    reply stays as it is.
    """
    if reply.dialect.surface is None or not reply.is_chat:
        return reply
    if reply.streamed:

        def of_last(events: list[Event]) -> list[Event] | None:
            last = events[-1] if events else {}
            response = last.get("response") if last.get("type") in ENDS else None
            if not isinstance(response, dict):
                return None
            changed = change(response)
            if changed is None:
                return None
            return [*events[:-1], {**last, "response": changed}]

        return change_events(reply, of_last)
    sent = spelled(reply)
    value = sent.json
    if not isinstance(value, dict) or value.get("object") != "response":
        return reply
    changed = change(value)
    return reply if changed is None else sent.with_json(changed)


def _split(data: bytes) -> Iterator[bytes]:
    for part in data.split(b"\n\n"):
        if part:
            yield part


def _json_of(part: bytes) -> Any:
    lines = [line[6:] for line in part.split(b"\n") if line.startswith(b"data: ")]
    value = read_json(b"\n".join(lines))
    return None if value is MISSING else value
