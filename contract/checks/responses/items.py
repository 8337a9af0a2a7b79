"""Checks of the items of a response: their members, and how they are streamed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contract.checks.responses.events import (
    ENDS,
    STREAMS,
    Event,
    change_body,
    change_events,
    output_of,
    place,
    response_of,
    texts_of,
    typed,
)
from contract.checks.sources import RESPONSES_OBJECT, RESPONSES_STREAMING
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Chunk, Exchange
from contract.model.probes import SUM, SUM_WHOLE, TOOL_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply

# The members that an item of a type has, and the type of each.
_MEMBERS: dict[str, dict[str, type]] = {
    "message": {"id": str, "role": str, "content": list},
    "reasoning": {"id": str, "summary": list},
    "function_call": {"call_id": str, "name": str, "arguments": str},
}
# The types of the parts that clients read the text of an item from.
_PARTS = {
    "message": frozenset({"output_text", "refusal"}),
    "reasoning": frozenset({"reasoning_text"}),
}
_DONE = {None, "completed"}


@check(
    "responses.items-are-whole",
    "An item of the output MUST have the members of its type.",
    source=RESPONSES_OBJECT,
    sends=(SUM_WHOLE, SUM, TOOL_WHOLE),
    needs=STREAMS | {Capability.TOOLS},
    every=Scope.ANSWERS,
)
def items_are_whole(*exchanges: Exchange) -> Findings:
    """Items of types that this check does not know are passed over, as clients do."""
    for exchange in exchanges:
        for number, item in enumerate(output_of(exchange)):
            members = _MEMBERS.get(str(item.get("type")), {"type": str})
            for name, kind in members.items():
                if not isinstance(item.get(name), kind):
                    yield Finding(
                        f"an item has no {name}",
                        expected=f"{name} in an item of type {item.get('type')}",
                        actual=shorten(item.get(name)),
                        at=f"{exchange.probe.name}, /output/{number}",
                    )
                    return
            known = _PARTS.get(str(item.get("type")), frozenset())
            types = _types_of_texts(item)
            if known and types and known.isdisjoint(types):
                yield Finding(
                    "the text of an item is in a part of another type",
                    expected=" or ".join(sorted(known)),
                    actual=shorten(", ".join(types)),
                    at=f"{exchange.probe.name}, /output/{number}/content",
                )
                return


def _types_of_texts(item: Event) -> tuple[str, ...]:
    """Return the types of the parts of an item that have a text."""
    parts = item.get("content")
    return tuple(
        str(part.get("type"))
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and part.get("text")
    )


@fault(breaks=items_are_whole, also=("responses.final-output-matches",))
def parts_typed_as_in_chats(reply: Reply) -> Reply:
    """A gateway calls the parts of a whole answer `text`, as in chat completions."""

    def change(response: Event) -> Event | None:
        items = response.get("output")
        parts = [
            part
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, dict) and isinstance(item.get("content"), list)
            for part in item["content"]
            if isinstance(part, dict) and part.get("type") == "output_text"
        ]
        for part in parts:
            part["type"] = "text"
        return response if parts else None

    return change_body(reply, change)


@fault(
    breaks=items_are_whole,
    also=("responses.item-ids-differ", "responses.final-output-matches"),
)
def ids_stripped(reply: Reply) -> Reply:
    """A gateway removes the ids of items, because it does not store them."""

    def change(response: Event) -> Event | None:
        items = response.get("output")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and item.get("type") != "function_call":
                item.pop("id", None)
        return response

    return change_body(reply, change)


@fault(
    breaks=items_are_whole,
    also=(
        "tools",
        "conversation",
        "structured",
        "schema",
        "responses.final-output-matches",
    ),
)
def call_ids_stripped(reply: Reply) -> Reply:
    """A gateway sends the id of a call as that of its item only."""

    def change(response: Event) -> Event | None:
        items = response.get("output")
        calls = [
            item
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, dict) and item.pop("call_id", None) is not None
        ]
        return response if calls else None

    return change_body(reply, change)


@check(
    "responses.item-ids-differ",
    "The items of a response MUST have different ids.",
    source=RESPONSES_OBJECT,
    sends=(SUM_WHOLE, SUM),
    needs=STREAMS,
    every=Scope.ANSWERS,
)
def item_ids_differ(*exchanges: Exchange) -> Findings:
    judged = False
    for exchange in exchanges:
        found = [item.get("id") for item in output_of(exchange)]
        ids = [one for one in found if isinstance(one, str)]
        judged = judged or bool(ids)
        twice = next((one for one in ids if ids.count(one) > 1), None)
        if twice is not None:
            yield Finding(
                "two items have the same id",
                expected="an id for each item",
                actual=shorten(twice),
                at=f"{exchange.probe.name}, /output",
            )
            return
    if not judged:
        raise NotApplicable("no item has an id")


@fault(breaks=item_ids_differ, also=("responses.final-output-matches",))
def ids_of_the_response(reply: Reply) -> Reply:
    """A translator of chat completions gives every item the id of the completion."""

    def change(response: Event) -> Event | None:
        items = response.get("output")
        listed = [item for item in (items or ()) if isinstance(item, dict)]
        if len(listed) < 2:  # noqa: PLR2004  # one id is unique
            return None
        for item in listed:
            item["id"] = response.get("id")
        return response

    return change_body(reply, change)


@check(
    "responses.items-are-done",
    "The items of a completed response MUST be completed, or have no status.",
    source=RESPONSES_OBJECT,
    sends=(SUM_WHOLE, SUM),
    needs=STREAMS,
    every=Scope.ANSWERS,
)
def items_are_done(*exchanges: Exchange) -> Findings:
    judged = False
    for exchange in exchanges:
        response = response_of(exchange) or {}
        if response.get("status") != "completed":
            continue
        judged = True
        for number, item in enumerate(output_of(exchange)):
            if item.get("status") not in _DONE:
                yield Finding(
                    "an item of a completed response is not completed",
                    expected="status completed",
                    actual=shorten(item.get("status")),
                    at=f"{exchange.probe.name}, /output/{number}/status",
                )
                return
    if not judged:
        raise NotApplicable("no response is completed")


@fault(breaks=items_are_done, also=("responses.final-output-matches",))
def items_in_progress(reply: Reply) -> Reply:
    """The last response repeats the items as they were added."""

    def change(response: Event) -> Event | None:
        items = response.get("output")
        if response.get("status") != "completed" or not items:
            return None
        for item in items:
            if isinstance(item, dict):
                item["status"] = "in_progress"
        return response

    return change_body(reply, change)


@dataclass
class _Item:
    """What a stream has said of one item."""

    added: Chunk
    index: Any
    done: Event | None = None
    deltas: dict[tuple[str, Any], str] = field(default_factory=dict)


# Type of a delta, without its suffix -> the member of its `.done` that has all of it.
_STREAMED = {
    "response.output_text": "text",
    "response.reasoning_text": "text",
    "response.function_call_arguments": "arguments",
}
# The events that repeat what was streamed in deltas.
_WHOLES = frozenset({"response.output_item.done", "response.content_part.done"})


@check(
    "responses.items-open-and-close",
    "Every item of a stream MUST be added, then sent in events with its id and index, "
    "and then be done.",
    source=RESPONSES_STREAMING,
    sends=SUM,
    needs=STREAMS,
    every=Scope.STREAMS,
)
def items_open_and_close(exchange: Exchange) -> Findings:
    items: dict[str, _Item] = {}
    ended = False
    for chunk, event in typed(exchange):
        kind = event["type"]
        ended = ended or kind in ENDS
        problem = _follow(kind, event, chunk, items)
        if problem:
            yield Finding(problem, *_expected(kind), at=place(chunk))
            return
    if not items:
        raise NotApplicable("the stream adds no item with an id")
    left = next((name for name, one in items.items() if one.done is None), None)
    if ended and left is not None:
        yield Finding(
            "an item is never done",
            expected="response.output_item.done for each item",
            actual=f"none for {shorten(left)}",
            at=place(items[left].added),
        )


def _expected(kind: str) -> tuple[str, str]:
    return "the id and the output_index of an item that is open", shorten(kind)


def _follow(  # noqa: PLR0911  # one for each way in which it is wrong
    kind: str, event: Event, chunk: Chunk, items: dict[str, _Item]
) -> str:
    """Keep what an event says of an item; return what is wrong with it, or ""."""
    item = event.get("item")
    if kind in {"response.output_item.added", "response.output_item.done"}:
        name = item.get("id") if isinstance(item, dict) else None
        if not isinstance(name, str):
            return ""
        if kind.endswith("added"):
            if name in items:
                return "an item is added twice"
            items[name] = _Item(chunk, event.get("output_index"))
            return ""
        return _close(name, event, items)
    name = event.get("item_id")
    if not isinstance(name, str):
        return ""
    one = items.get(name)
    if one is None:
        return "an event belongs to an item that was not added"
    if one.done is not None:
        return "an event belongs to an item that is done"
    if event.get("output_index") != one.index:
        return "an event has another output_index than its item"
    return ""


def _close(name: str, event: Event, items: dict[str, _Item]) -> str:
    one = items.get(name)
    if one is None:
        return "an item is done that was not added"
    if one.done is not None:
        return "an item is done twice"
    if event.get("output_index") != one.index:
        return "an item is done at another output_index"
    one.done = event
    return ""


@fault(breaks=items_open_and_close)
def indices_all_zero(reply: Reply) -> Reply:
    """A gateway numbers the content of each item from 0, and the items as well."""

    def change(events: list[Event]) -> list[Event] | None:
        changed = False
        for event in events:
            if event.get("item_id") is not None and event.get("output_index"):
                event["output_index"] = 0
                changed = True
        return events if changed else None

    return change_events(reply, change)


@fault(breaks=items_open_and_close, also=("responses.final-output-matches",))
def items_never_done(reply: Reply) -> Reply:
    """A translator of chat completions knows no end of an item."""

    def change(events: list[Event]) -> list[Event] | None:
        kept = [e for e in events if e.get("type") != "response.output_item.done"]
        for number, event in enumerate(kept):
            event["sequence_number"] = number
        return kept if len(kept) < len(events) else None

    return change_events(reply, change)


@fault(
    breaks=items_open_and_close,
    also=(
        "isolation.streams-are-apart",
        "responses.deltas-add-up",
        "streaming.id-is-constant",
    ),
)
def items_renamed(reply: Reply) -> Reply:
    """Every event of an item has a new id for it."""

    def change(events: list[Event]) -> list[Event] | None:
        named = [event for event in events if isinstance(event.get("item_id"), str)]
        for number, event in enumerate(named):
            event["item_id"] += f"-{number}"
        return events if named else None

    return change_events(reply, change)


@check(
    "responses.deltas-add-up",
    "The deltas of an item MUST add up to its text where it is done.",
    source=RESPONSES_STREAMING,
    sends=SUM,
    needs=STREAMS,
    every=Scope.STREAMS,
)
def deltas_add_up(exchange: Exchange) -> Findings:
    joined: dict[tuple[Any, ...], list[str]] = {}
    judged = False
    for chunk, event in typed(exchange):
        kind, _, step = event["type"].rpartition(".")
        if kind not in _STREAMED and event["type"] not in _WHOLES:
            continue
        place_of = (event.get("item_id"), event.get("content_index"))
        if step == "delta" and isinstance(event.get("delta"), str):
            joined.setdefault(place_of, []).append(event["delta"])
            continue
        if kind in _STREAMED:
            whole = event.get(_STREAMED[kind])
            streamed = "".join(joined.get(place_of, ()))
        elif kind == "response.content_part":
            part = event.get("part")
            whole = part.get("text") if isinstance(part, dict) else None
            streamed = "".join(joined.get(place_of, ()))
            if place_of not in joined:
                continue  # as an item, or a part of another kind
        else:
            item = event.get("item")
            item = item if isinstance(item, dict) else {}
            whole = texts_of(item)
            parts = [p for p in joined if p[0] == item.get("id")]
            streamed = "".join(text for part in parts for text in joined[part])
            if not parts:
                continue  # an item may come without deltas
        judged = True
        if streamed != whole:
            yield Finding(
                "the deltas are not the text of what is done",
                expected=shorten(whole),
                actual=shorten(streamed),
                at=place(chunk),
            )
            return
    if not judged:
        raise NotApplicable("nothing was streamed in deltas")


@fault(breaks=deltas_add_up)
def parts_done_without_text(reply: Reply) -> Reply:
    """The event that ends a part repeats the part as it began, without its text."""

    def change(events: list[Event]) -> list[Event] | None:
        parts = [
            event["part"]
            for event in events
            if event.get("type") == "response.content_part.done"
            and isinstance(event.get("part"), dict)
            and event["part"].get("text")
        ]
        for part in parts:
            part["text"] = ""
        return events if parts else None

    return change_events(reply, change)


@fault(breaks=deltas_add_up)
def done_text_trimmed(reply: Reply) -> Reply:
    """A gateway trims the texts of the events that end a part."""

    def change(events: list[Event]) -> list[Event] | None:
        changed = False
        for event in events:
            kind, _, step = str(event.get("type")).rpartition(".")
            name = _STREAMED.get(kind)
            if step == "done" and name is not None and event.get(name):
                event[name] = event[name][:-1]
                changed = True
        return events if changed else None

    return change_events(reply, change)


@check(
    "responses.final-output-matches",
    "The output of the last event MUST be the items that were done, in their order.",
    source=RESPONSES_STREAMING,
    sends=SUM,
    needs=STREAMS,
    every=Scope.STREAMS,
)
def final_output_matches(exchange: Exchange) -> Findings:
    done = {
        event.get("output_index", number): event["item"]
        for number, (_, event) in enumerate(typed(exchange))
        if event["type"] == "response.output_item.done"
        and isinstance(event.get("item"), dict)
    }
    response = response_of(exchange)
    if response is None or not isinstance(response.get("output"), list):
        raise NotApplicable("the last event has no output")
    streamed = [_streamed(done[index]) for index in sorted(done, key=str)]
    if len(done) > 1 and all(isinstance(index, int) for index in done):
        streamed = [_streamed(done[index]) for index in sorted(done)]
    last = [_streamed(item) for item in response["output"] if isinstance(item, dict)]
    if not streamed and not last:
        raise NotApplicable("the response has no items")
    if streamed != last:
        yield Finding(
            "the last event has other items than were done",
            expected=shorten(streamed),
            actual=shorten(last),
            at="the last event, /response/output",
        )


def _streamed(item: Event) -> tuple[Any, ...]:
    """Return what an item says: its type, its ids, its name and its text."""
    names = ("type", "id", "call_id", "name")
    return (*(item.get(name) for name in names), texts_of(item))


@fault(breaks=final_output_matches, also=("responses.items-are-whole",))
def output_left_empty(reply: Reply) -> Reply:
    """A gateway sends the items in events, and an empty output at the end."""

    def change(events: list[Event]) -> list[Event] | None:
        last = events[-1] if events else {}
        response = last.get("response") if last.get("type") in ENDS else None
        if not isinstance(response, dict) or not response.get("output"):
            return None
        response["output"] = []
        return events

    return change_events(reply, change)
