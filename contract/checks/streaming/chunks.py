"""Checks of the members that every chunk of a stream has."""

from __future__ import annotations

from contract.checks.faults.chunks import choices_of, map_chunks
from contract.checks.judging.chunks import (
    Object,
    choices,
    chunk_objects,
    delta_pieces,
    requested_choices,
)
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
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM, TWO_CHOICES
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.portable.requirement import decided
from contract.portable.schemas import (
    ANYTHING,
    CHOICES,
    CHUNKS,
    anything_but,
    at_least,
    both,
    every,
    has,
    one_of,
    single,
)

STREAMING = {Capability.STREAMING}
OBJECT = "chat.completion.chunk"


def _is_constant(exchange: Exchange, name: str) -> Findings:
    """Yield a finding unless all chunks have the same value of the member *name*."""
    (start, first), *rest = chunk_objects(exchange)
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


def _vary(reply: Reply, name: str) -> Reply:
    """Return *reply* with a different value of the member *name* in each chunk."""
    count = 0

    def change(value: Object) -> Json:
        nonlocal count
        count += 1
        old = value.get(name)
        if isinstance(old, str):
            value[name] = f"{old}-{count}"
        elif isinstance(old, int):
            value[name] = old + count
        return value

    return map_chunks(reply, change)


@check(
    "streaming.object-is-chunk",
    "The object of every chunk MUST be chat.completion.chunk.",
    source="OpenAI API reference, chat completion chunk, object",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(has(chunks=has(object=single(OBJECT))), when=CHUNKS)
def object_is_chunk(exchange: Exchange) -> Findings:
    for chunk, value in chunk_objects(exchange):
        if value.get("object") != OBJECT:
            yield Finding(
                "the object of a chunk is not chat.completion.chunk",
                OBJECT,
                shorten(value.get("object")),
                event_location(chunk.event, chunk.at),
            )
            return


@fault(breaks=object_is_chunk, also=("schema.event",))
def chunks_called_completions(reply: Reply) -> Reply:
    """A gateway builds chunks with the class for non-streamed responses."""

    def change(value: Object) -> Json:
        return {**value, "object": "chat.completion"}

    return map_chunks(reply, change)


@check(
    "streaming.id-is-constant",
    "All chunks of a stream MUST have the same id.",
    source="OpenAI API reference, chat completion chunk, id",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(has(chunks=has(id=single(anything_but(one_of((None, "")))))), when=CHUNKS)
def id_is_constant(exchange: Exchange) -> Findings:
    yield from _is_constant(exchange, "id")


@fault(
    breaks=id_is_constant,
    also=(
        "isolation.streams-are-apart",
        # On /v1/responses the id of a chunk is that of its item.
        "responses.deltas-add-up",
        "responses.items-open-and-close",
    ),
)
def id_per_chunk(reply: Reply) -> Reply:
    """The id is generated for each chunk instead of once for each request."""
    return _vary(reply, "id")


@check(
    "streaming.model-is-constant",
    "All chunks of a stream SHOULD name the same model.",
    source="house rule",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(has(chunks=has(model=single(anything_but(one_of((None, "")))))), when=CHUNKS)
def model_is_constant(exchange: Exchange) -> Findings:
    yield from _is_constant(exchange, "model")


@fault(breaks=model_is_constant, also=("models.answer-names-the-model",))
def model_per_chunk(reply: Reply) -> Reply:
    """A router puts the name of the replica into the model of each chunk."""
    return _vary(reply, "model")


@check(
    "streaming.created-is-constant",
    "All chunks of a stream MUST have the same created timestamp.",
    source="OpenAI API reference, chat completion chunk, created",
    sends=SUM,
    needs=STREAMING,
    unless="created-per-chunk",
    every=Scope.STREAMS,
)
@decided(has(chunks=has(created=single(anything_but(one_of((None, "")))))), when=CHUNKS)
def created_is_constant(exchange: Exchange) -> Findings:
    yield from _is_constant(exchange, "created")


@fault(breaks=created_is_constant)
def created_per_chunk(reply: Reply) -> Reply:
    """The clock is read for every chunk, as llama.cpp and transformers serve do."""
    return _vary(reply, "created")


@check(
    "streaming.choices-are-numbered",
    "Every choice in a chunk MUST have an index from 0 to n - 1.",
    source="OpenAI API reference, chat completion chunk, choices.index",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
    unless="no-such-member",
)
@decided(has(numbering=has(wrong=False)), when=CHOICES)
def choices_are_numbered(exchange: Exchange) -> Findings:
    count = requested_choices(exchange)
    for chunk, _, choice in choices(exchange):
        index = choice.get("index")
        if type(index) is not int or not 0 <= index < count:
            yield Finding(
                "a choice has no valid index",
                f"an integer from 0 to {count - 1}",
                shorten(index),
                event_location(chunk.event, chunk.at),
            )
            return


@fault(
    breaks=choices_are_numbered,
    also=("schema.event", "streaming.choices-stay-apart", "reasoning"),
)
def index_missing(reply: Reply) -> Reply:
    """A gateway omits the index because there is only one choice."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            choice.pop("index", None)
        return value

    return map_chunks(reply, change)


@check(
    "streaming.role-first",
    "The first delta of a choice SHOULD have the role assistant, and no later delta "
    "another role.",
    source="OpenAI API reference, chat completion chunk, delta.role",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(
    has(
        choices=every(
            has(role="assistant", laterRoles=every(one_of((None, "", "assistant"))))
        )
    ),
    when=CHOICES,
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
                "assistant in the first delta, then assistant or no role",
                shorten(role),
                event_location(chunk.event, chunk.at),
            )


@fault(breaks=role_first, also=("responses.begins-with-created",))
def role_missing(reply: Reply) -> Reply:
    """A proxy removes everything but the text from the first delta."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            delta = choice.get("delta")
            if isinstance(delta, dict):
                delta.pop("role", None)
        return value

    return map_chunks(reply, change)


@check(
    "streaming.choices-stay-apart",
    "Each of several choices in one stream MUST have its own index, text and finish "
    "reason.",
    source="OpenAI API reference, n; 0xPlaygrounds/rig#2337",
    sends=TWO_CHOICES,
    needs=STREAMING | {Capability.CHOICES},
    every=Scope.STREAMS,
)
@decided(
    both(
        has(numbering=has(complete=True)),
        has(choices=every(has(finishReasons=single(ANYTHING)))),
    ),
    when=both(CHOICES, has(request=has(n=at_least(2)))),
)
def choices_stay_apart(exchange: Exchange) -> Findings:
    found = choices(exchange)
    count = requested_choices(exchange)
    if count == 1:
        raise NotApplicable("only one choice was requested")
    with_text = {index for _, index, choice in found if delta_pieces(exchange, choice)}
    if with_text != set(range(count)):
        yield Finding(
            "not every choice has text",
            f"text in choices 0 to {count - 1}",
            f"text in choices {sorted(with_text)}",
        )
    for index, reasons in sorted(exchange.finishes.items()):
        if len(reasons) != 1:
            yield Finding(
                f"choice {index} does not have exactly one finish reason",
                "one finish reason",
                shorten(", ".join(reasons)) or "none",
            )


@fault(breaks=choices_stay_apart, also=("reasoning",))
def choices_merged(reply: Reply) -> Reply:
    """A relay that supports a single choice sets the index of every choice to 0."""

    def change(value: Object) -> Json:
        for choice in choices_of(value):
            if "index" in choice:
                choice["index"] = 0
        return value

    return map_chunks(reply, change)
