"""What every chunk of a stream repeats, and which choice it belongs to."""

from __future__ import annotations

from contract.checks.faults.chunks import (
    choices_of,
    chunkwise,
)
from contract.checks.judging.chunks import (
    Object,
    choices,
    objects,
    says,
)
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    event_location,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    SUM,
    TWO_CHOICES,
)
from contract.model.profile import Capability
from contract.model.reply import Reply

STREAMING = {Capability.STREAMING}
OBJECT = "chat.completion.chunk"


def _constant(exchange: Exchange, name: str) -> Findings:
    """The first chunk whose member *name* differs from the first one's."""
    (start, first), *rest = objects(exchange)
    wanted = first.get(name)
    if wanted is None or wanted == "":
        yield Finding(
            f"{name} is missing",
            f"{name} in every chunk",
            shorten(wanted),
            event_location(start.event, start.at),
        )
        return
    for chunk, value in rest:
        if value.get(name) != wanted:
            yield Finding(
                f"{name} changed within one stream",
                shorten(wanted),
                shorten(value.get(name)),
                event_location(chunk.event, chunk.at),
            )
            return


def _renewed(reply: Reply, name: str, step: int) -> Reply:
    """Each chunk with another value of *name*."""
    count = 0

    def change(value: Object) -> Json:
        nonlocal count
        count += 1
        old = value.get(name)
        if isinstance(old, str):
            value[name] = f"{old}-{count}"
        elif isinstance(old, int):
            value[name] = old + count * step
        return value

    return chunkwise(reply, change)


@check(
    "streaming.object-is-chunk",
    "Every chunk MUST call itself a chat.completion.chunk.",
    source="OpenAI API reference, chat completion chunk, object",
    sends=SUM,
    needs=STREAMING,
)
def object_is_chunk(exchange: Exchange) -> Findings:
    for chunk, value in objects(exchange):
        if value.get("object") != OBJECT:
            yield Finding(
                "a chunk calls itself something else",
                OBJECT,
                shorten(value.get("object")),
                event_location(chunk.event, chunk.at),
            )
            return


@fault(breaks=object_is_chunk, also=("schema.event",))
def chunks_called_completions(reply: Reply) -> Reply:
    """A gateway builds chunks with the class of whole responses."""

    def change(value: Object) -> Json:
        return {**value, "object": "chat.completion"}

    return chunkwise(reply, change)


@check(
    "streaming.id-is-constant",
    "All chunks of a stream MUST have the same id.",
    source="OpenAI API reference, chat completion chunk, id",
    sends=SUM,
    needs=STREAMING,
)
def id_is_constant(exchange: Exchange) -> Findings:
    yield from _constant(exchange, "id")


@fault(breaks=id_is_constant, also=("isolation.streams-are-apart",))
def id_per_chunk(reply: Reply) -> Reply:
    """The id is made where the chunk is made, not where the request begins."""
    return _renewed(reply, "id", 1)


@check(
    "streaming.model-is-constant",
    "All chunks of a stream SHOULD name the same model.",
    source="house rule",
    sends=SUM,
    needs=STREAMING,
)
def model_is_constant(exchange: Exchange) -> Findings:
    yield from _constant(exchange, "model")


@fault(breaks=model_is_constant, also=("models.answer-names-the-model",))
def model_per_chunk(reply: Reply) -> Reply:
    """A router names the replica that made each chunk."""
    return _renewed(reply, "model", 1)


@check(
    "streaming.created-is-constant",
    "All chunks of a stream MUST have the same created timestamp.",
    source="OpenAI API reference, chat completion chunk, created",
    sends=SUM,
    needs=STREAMING,
    unless="created-per-chunk",
)
def created_is_constant(exchange: Exchange) -> Findings:
    yield from _constant(exchange, "created")


@fault(breaks=created_is_constant)
def created_per_chunk(reply: Reply) -> Reply:
    """The clock is read for every chunk, as llama.cpp and transformers serve do."""
    return _renewed(reply, "created", 1)


@check(
    "streaming.choices-are-numbered",
    "Every choice in a chunk MUST carry its index, counted from 0, below n.",
    source="OpenAI API reference, chat completion chunk, choices.index",
    sends=SUM,
    needs=STREAMING,
)
def choices_are_numbered(exchange: Exchange) -> Findings:
    most = _asked(exchange)
    for chunk, _, choice in choices(exchange):
        index = choice.get("index")
        if type(index) is not int or not 0 <= index < most:
            yield Finding(
                "a choice has no valid index",
                f"an integer from 0 to {most - 1}",
                shorten(index),
                event_location(chunk.event, chunk.at),
            )
            return


def _asked(exchange: Exchange) -> int:
    asked = exchange.sent.get("n")
    return asked if isinstance(asked, int) and asked > 0 else 1


@fault(
    breaks=choices_are_numbered,
    also=("schema.event", "streaming.choices-stay-apart", "reasoning"),
)
def index_missing(reply: Reply) -> Reply:
    """A gateway leaves out the index because there is only one choice."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            choice.pop("index", None)
        return value

    return chunkwise(reply, change)


@check(
    "streaming.role-first",
    "The first delta of a choice SHOULD name the role assistant, and no later one "
    "another.",
    source="OpenAI API reference, chat completion chunk, delta.role",
    sends=SUM,
    needs=STREAMING,
)
def role_first(exchange: Exchange) -> Findings:
    started: set[int] = set()
    for chunk, index, choice in choices(exchange):
        delta = choice.get("delta")
        role = delta.get("role") if isinstance(delta, dict) else None
        wanted = (None, "", "assistant") if index in started else ("assistant",)
        started.add(index)
        if role not in wanted:
            yield Finding(
                "the role is missing" if role is None else "the role is wrong",
                "assistant in the first delta, then assistant or nothing",
                shorten(role),
                event_location(chunk.event, chunk.at),
            )


@fault(breaks=role_first)
def role_missing(reply: Reply) -> Reply:
    """A proxy strips the first delta down to its text."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            delta = choice.get("delta")
            if isinstance(delta, dict):
                delta.pop("role", None)
        return value

    return chunkwise(reply, change)


@check(
    "streaming.choices-stay-apart",
    "Each of several choices in one stream MUST have its own index, text and finish "
    "reason.",
    source="OpenAI API reference, n; 0xPlaygrounds/rig#2337",
    sends=TWO_CHOICES,
    needs=STREAMING | {Capability.CHOICES},
)
def choices_stay_apart(exchange: Exchange) -> Findings:
    found = choices(exchange)
    wanted = _asked(exchange)
    if wanted == 1:
        raise NotApplicable("only one choice was asked for")
    speaking = {index for _, index, choice in found if says(exchange, choice)}
    if speaking != set(range(wanted)):
        yield Finding(
            "not every choice says something",
            f"text in the choices 0 to {wanted - 1}",
            f"text in the choices {sorted(speaking)}",
        )
    for index, reasons in sorted(exchange.finishes.items()):
        if len(reasons) != 1:
            yield Finding(
                f"choice {index} does not finish once",
                "one finish reason",
                shorten(", ".join(reasons)) or "none",
            )


@fault(breaks=choices_stay_apart, also=("reasoning",))
def choices_merged(reply: Reply) -> Reply:
    """A relay that knows one choice numbers all of them 0."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            if "index" in choice:
                choice["index"] = 0
        return value

    return chunkwise(reply, change)
