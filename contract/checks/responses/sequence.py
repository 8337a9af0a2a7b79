"""Checks of the order of the events: created first, numbered, and one end."""

from __future__ import annotations

from contract.checks.responses.events import (
    ENDS,
    STREAMS,
    Event,
    change_events,
    place,
    typed,
)
from contract.checks.sources import RESPONSES_STREAMING
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM
from contract.model.reply import Frame, Reply, spelled


@check(
    "responses.begins-with-created",
    "The first event of a stream MUST be response.created, of a response in progress.",
    source=RESPONSES_STREAMING,
    sends=SUM,
    needs=STREAMS,
    every=Scope.STREAMS,
)
def begins_with_created(exchange: Exchange) -> Findings:
    chunk, event = typed(exchange)[0]
    if event["type"] != "response.created":
        yield Finding(
            "the stream begins with another event",
            expected="response.created",
            actual=shorten(event["type"]),
            at=place(chunk),
        )
        return
    response = event.get("response")
    status = response.get("status") if isinstance(response, dict) else None
    if status not in {"in_progress", "queued"}:
        yield Finding(
            "the response that is created is not in progress",
            expected="status in_progress or queued",
            actual=shorten(status),
            at=f"{place(chunk)}, /response/status",
        )


@fault(
    breaks=begins_with_created,
    also=("streaming.role-first",),
)
def created_dropped(reply: Reply) -> Reply:
    """A gateway starts to forward when the first item is there."""
    return change_events(
        reply,
        lambda events: (
            events[1:]
            if events[:1] and events[0].get("type") == "response.created"
            else None
        ),
    )


@fault(breaks=begins_with_created)
def created_as_completed(reply: Reply) -> Reply:
    """A gateway fills in the status that most responses have in the end."""

    def change(events: list[Event]) -> list[Event] | None:
        response = events[0].get("response") if events else None
        if not isinstance(response, dict):
            return None
        response["status"] = "completed"
        return events

    return change_events(reply, change)


@check(
    "responses.ends-once",
    "The last event of a stream MUST be its only response.completed, "
    "response.incomplete or response.failed.",
    source=RESPONSES_STREAMING,
    sends=SUM,
    needs=STREAMS,
    every=Scope.STREAMS,
)
def ends_once(exchange: Exchange) -> Findings:
    events = typed(exchange)
    ends = [(chunk, event) for chunk, event in events if event["type"] in ENDS]
    last, event = events[-1]
    if not ends:
        yield Finding(
            "the stream has no last event",
            expected=" or ".join(sorted(ENDS)),
            actual=f"it ends with {shorten(event['type'])}",
            at=place(last),
        )
    elif ends[0][1] is not event:
        yield Finding(
            "there are events after the end of the response",
            expected=f"nothing after {ends[0][1]['type']}",
            actual=shorten(event["type"]),
            at=place(last),
        )


@fault(
    breaks=ends_once,
    also=(
        *("streaming", "usage", "reasoning", "schema", "tools"),
        *("structured", "sampling"),
    ),
)
def end_dropped(reply: Reply) -> Reply:
    """A gateway closes the stream with the last item, which ends nothing."""
    return change_events(
        reply,
        lambda events: (
            events[:-1] if events[-1:] and events[-1].get("type") in ENDS else None
        ),
    )


@fault(breaks=ends_once)
def item_after_the_end(reply: Reply) -> Reply:
    """Two tasks write to the stream, and the last item overtakes the end."""

    def change(events: list[Event]) -> list[Event] | None:
        if len(events) < 2 or events[-1].get("type") not in ENDS:  # noqa: PLR2004  # the two to swap
            return None
        *rest, item, end = events
        item["sequence_number"], end["sequence_number"] = (
            end.get("sequence_number"),
            item.get("sequence_number"),
        )
        return [*rest, end, item]

    return change_events(reply, change)


@check(
    "responses.sequence-counts-up",
    "The sequence_number SHOULD increase by one from event to event.",
    source=RESPONSES_STREAMING,
    sends=SUM,
    needs=STREAMS,
    every=Scope.STREAMS,
)
def sequence_counts_up(exchange: Exchange) -> Findings:
    before: int | None = None
    for chunk, event in typed(exchange):
        number = event.get("sequence_number")
        if not isinstance(number, int) or isinstance(number, bool):
            yield Finding(
                "an event has no sequence_number",
                expected="a sequence_number in every event",
                actual=shorten(number),
                at=place(chunk),
            )
            return
        if before is not None and number != before + 1:
            yield Finding(
                "an event is missing, repeated or out of order",
                expected=f"sequence_number {before + 1}",
                actual=f"sequence_number {number}",
                at=place(chunk),
            )
            return
        before = number


@fault(breaks=sequence_counts_up)
def numbers_repeated(reply: Reply) -> Reply:
    """Two workers count the events of one stream."""

    def change(events: list[Event]) -> list[Event] | None:
        if len(events) < 3:  # noqa: PLR2004  # one in the middle
            return None
        middle = len(events) // 2
        for event in events[middle:]:
            if isinstance(event.get("sequence_number"), int):
                event["sequence_number"] -= 1
        return events

    return change_events(reply, change)


@fault(breaks=sequence_counts_up)
def numbers_missing(reply: Reply) -> Reply:
    """A translator of chat completions does not number its events."""

    def change(events: list[Event]) -> list[Event] | None:
        for event in events:
            event.pop("sequence_number", None)
        return events

    return change_events(reply, change)


@check(
    "responses.types-agree",
    "The type of a server-sent event MUST be the type in its data.",
    source=RESPONSES_STREAMING,
    sends=SUM,
    needs=STREAMS,
    every=Scope.STREAMS,
)
def types_agree(exchange: Exchange) -> Findings:
    typed(exchange)
    sent = {chunk.event: chunk.json for chunk in exchange.raw_chunks}
    judged = False
    for number, event in enumerate(exchange.events):
        value = sent.get(number)
        kind = value.get("type") if isinstance(value, dict) else None
        if event.event == "message" or not isinstance(kind, str):
            continue
        judged = True
        if event.event != kind:
            yield Finding(
                "an event is of two types",
                expected=f"event: {shorten(kind)}",
                actual=f"event: {shorten(event.event)}",
                at=f"event {number}, +{event.at:.3f} s",
            )
            return
    if not judged:
        raise NotApplicable("no event names its type outside of its data")


@fault(breaks=types_agree)
def type_of_the_event_before(reply: Reply) -> Reply:
    """A gateway writes the type of an event before it reads the event."""
    sent = spelled(reply)
    if not reply.streamed or reply.dialect.surface is None or not sent.frames:
        return reply
    frames: list[Frame] = []
    before = b""
    for frame in sent.frames:
        head, line, rest = frame.data.partition(b"\n")
        if head.startswith(b"event: "):
            frames.append(Frame(frame.at, (before or head) + line + rest))
            before = head
        else:
            frames.append(frame)
    return sent.with_frames(frames)
