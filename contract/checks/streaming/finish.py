"""Checks of finish reasons in a stream: one per choice, last, and defined."""

from __future__ import annotations

from contract.checks.faults.chunks import choices_of, chunk_of, map_chunks, text_frames
from contract.checks.judging.chunks import FINISH_REASONS, Object, choices, delta_pieces
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    event_location,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply, encode_json
from contract.model.sse import encode as event
from contract.portable.requirement import decided
from contract.portable.schemas import (
    ANYTHING,
    CHOICES,
    SOMETHING,
    anything_but,
    both,
    every,
    has,
    one_of,
    single,
    some,
)

STREAMING = {Capability.STREAMING}


@check(
    "streaming.finishes-once",
    "Each choice of a stream MUST have exactly one finish reason.",
    source="OpenAI API reference, chat completion chunk, finish_reason",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(has(choices=every(has(finishReasons=single(ANYTHING)))), when=CHOICES)
def finishes_once(exchange: Exchange) -> Findings:
    choices(exchange)
    for index, reasons in sorted(exchange.finishes.items()):
        if len(reasons) != 1:
            yield Finding(
                f"choice {index} does not have exactly one finish reason",
                "one finish reason",
                shorten(", ".join(reasons)) or "none",
            )


@fault(
    breaks=finishes_once,
    also=(
        "reasoning",
        "usage",
        "streaming.choices-stay-apart",
        "streaming.usage-comes-once",
        "responses.ends-once",
    ),
)
def finish_missing(reply: Reply) -> Reply:
    """The stream stops without stating whether the answer was finished or cut off."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            if "finish_reason" in choice:
                choice["finish_reason"] = None
        return value

    return map_chunks(reply, change)


@fault(
    breaks=finishes_once,
    also=("streaming.choices-stay-apart", "usage", "responses.ends-once"),
)
def finish_twice(reply: Reply) -> Reply:
    """A gateway adds its own finish chunk after the engine's."""
    for number, frame in enumerate(reply.frames if reply.streamed else ()):
        value = chunk_of(frame)
        value.pop("usage", None)
        if not any(choice.get("finish_reason") for choice in choices_of(value)):
            continue
        for choice in choices_of(value):
            choice["delta"] = {}
        again = Frame(frame.at, event(encode_json(value)))
        frames = (*reply.frames[:number], again, *reply.frames[number:])
        return reply.with_frames(frames)
    return reply


@check(
    "streaming.finish-reason-is-known",
    "A finish reason MUST be one that the API defines.",
    source="OpenAI and Mistral API references, vLLM, finish_reason; dimetron/pi-go#245",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(
    has(finishValues=every(one_of(sorted(FINISH_REASONS)))),
    when=both(CHOICES, has(finishValues=SOMETHING)),
)
def finish_reason_is_known(exchange: Exchange) -> Findings:
    seen = [
        (held, choice["finish_reason"])
        for held, _, choice in choices(exchange)
        if choice.get("finish_reason") is not None
    ]
    if not seen:
        raise NotApplicable("the stream has no finish reason")
    for held, reason in seen:
        if not isinstance(reason, str) or reason not in FINISH_REASONS:
            yield Finding(
                "the finish reason is not defined by the API",
                ", ".join(sorted(FINISH_REASONS)),
                shorten(reason),
                event_location(held.event, held.at),
            )


@fault(
    breaks=finish_reason_is_known,
    also=(
        *("sampling.stop-finishes-with-stop", "schema.event", "reasoning"),
        *("responses.cut-is-incomplete", "responses.event-matches-status"),
    ),
)
def finish_called_eos(reply: Reply) -> Reply:
    """The engine's internal finish reason, eos_token, is not translated."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            if choice.get("finish_reason"):
                choice["finish_reason"] = "eos_token"
        return value

    return map_chunks(reply, change)


@fault(
    breaks=finish_reason_is_known,
    also=(
        *("sampling", "schema.event", "reasoning", "usage", "tools", "structured"),
        *("streaming", "languages", "conversation", "latency"),
        "responses.ends-once",
    ),
)
def finish_empty(reply: Reply) -> Reply:
    """Every chunk but the last has an empty text as its finish reason (ollama#4357)."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            if choice.get("finish_reason") is None:
                choice["finish_reason"] = ""
        return value

    return map_chunks(reply, change)


@check(
    "streaming.finish-is-last",
    "A choice MUST NOT continue after its finish reason.",
    source="OpenAI API reference, chat completion chunk, finish_reason",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(
    has(choices=every(has(continues=False))),
    when=both(CHOICES, has(finishValues=some(anything_but(one_of(("", False, 0)))))),
)
def finish_is_last(exchange: Exchange) -> Findings:
    finished: dict[int, int] = {}
    for held, index, choice in choices(exchange):
        if index in finished and (pieces := delta_pieces(exchange, choice)):
            yield Finding(
                f"choice {index} continues after its finish reason",
                f"nothing after event {finished[index]}",
                f"{pieces[0].kind.value} {spell(shorten(pieces[0].text))}",
                event_location(held.event, held.at),
            )
        if choice.get("finish_reason") and index not in finished:
            finished[index] = held.event
    if not finished:
        raise NotApplicable("the stream has no finish reason")


@fault(
    breaks=finish_is_last,
    also=(
        *("streaming.usage-comes-once", "streaming.choices-stay-apart", "usage"),
        *("responses.final-output-matches", "responses.ends-once"),
        "responses.items-open-and-close",
    ),
)
def finish_too_early(reply: Reply) -> Reply:
    """The finish reason is sent as soon as it is known, ahead of buffered text."""
    places = _texts_by_choice(reply)
    early = {index: found[0] for index, found in places.items() if len(found) > 1}
    reasons: dict[Json, Json] = {}

    def take(value: Object) -> Json:
        for choice in choices_of(value):
            if choice.get("finish_reason") and choice.get("index") in early:
                reasons[str(choice["index"])] = choice["finish_reason"]
                choice["finish_reason"] = None
        return value

    rest = map_chunks(reply, take)
    frames = list(rest.frames)
    for index, place in early.items():
        value = chunk_of(frames[place])
        for choice in choices_of(value):
            if choice.get("index") == index and str(index) in reasons:
                choice["finish_reason"] = reasons[str(index)]
        frames[place] = Frame(frames[place].at, event(encode_json(value)))
    return rest.with_frames(frames) if reasons else reply


def _texts_by_choice(reply: Reply) -> dict[int, list[int]]:
    """Return the places of the frames with text of each choice, by its index."""
    found: dict[int, list[int]] = {}
    for place in text_frames(reply):
        for choice in choices_of(chunk_of(reply.frames[place])):
            index = choice.get("index")
            if isinstance(index, int):
                found.setdefault(index, []).append(place)
    return found
