"""Answers become a reply: one body, or the events of a stream, each with its time."""

from __future__ import annotations

from collections.abc import Iterator


import orjson

from contract.chat import Json, Piece, Probe
from contract.dialects.base import (
    Answer,
    Dialect,
    Head,
    Problem,
    StreamUsage,
    Usage,
)
from contract.exchange import DONE, Request
from contract.reply import JSON_TYPE, SSE_TYPE, Frame, Reply, encode
from contract.server.plan import AT_ONCE, Plan
from contract.server.rules import Rules

TEXT_TYPE = ("content-type", "text/plain; charset=utf-8")
_DONE = f"data: {DONE}\n\n".encode()


def spelled(value: Json) -> bytes:
    """JSON bytes, fast; what orjson cannot write is written the slow way."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return encode(value)


def whole(
    request: Request,
    probe: Probe,
    answers: tuple[Answer, ...],
    usage: Usage,
    head: Head,
    dialect: Dialect,
    plan: Plan = AT_ONCE,
    number: int = 0,
) -> Reply:
    """One JSON body, due when the last text of a stream would be."""
    texts = max((len(answer.pieces) for answer in answers), default=0)
    due = plan.times(max(texts, 1), number)[-1]
    body = dialect.completion(head, answers, usage)
    return Reply(
        headers=(JSON_TYPE, *dialect.headers(head, usage)),
        frames=(Frame(due, spelled(body)),),
        dialect=dialect,
        request=request,
        probe=probe,
    )


def streamed(
    request: Request,
    probe: Probe,
    answers: tuple[Answer, ...],
    usage: Usage,
    head: Head,
    dialect: Dialect,
    rules: Rules,
    plan: Plan = AT_ONCE,
    number: int = 0,
) -> Reply:
    """Server-Sent Events: roles at once, then the texts of all choices in turn."""
    events = [
        (slot, index, delta, finish)
        for index, answer in enumerate(answers)
        for slot, delta, finish in _deltas(answer, dialect, rides=rules.rides)
    ]
    events.sort(key=lambda event: event[0])
    times = (0.0, *plan.times(events[-1][0] if events else 0, number))
    last = len(events) - 1
    on_last = dialect.stream_usage is StreamUsage.LAST_CHUNK
    frames = []
    for place, (slot, index, delta, finish) in enumerate(events):
        told = (on_last and place == last) or (rules.timed and finish is not None)
        chunk = dialect.chunk(head, index, delta, finish, usage if told else None)
        frames.append(Frame(times[slot], b"data: " + spelled(chunk) + b"\n\n"))
    due = frames[-1].at if frames else 0.0
    if probe.options.usage and not on_last and dialect.usage_chunk:
        chunk = dialect.usage_chunk(head, usage)
        frames.append(Frame(due, b"data: " + spelled(chunk) + b"\n\n"))
    if dialect.done:
        frames.append(Frame(due, _DONE))
    return Reply(
        headers=(SSE_TYPE, *dialect.headers(head, usage)),
        frames=tuple(frames),
        dialect=dialect,
        request=request,
        probe=probe,
    )


def _deltas(
    answer: Answer, dialect: Dialect, *, rides: bool
) -> Iterator[tuple[int, dict[str, Json], str | None]]:
    """
    The deltas of one choice with the number of the text they come with.

    Deltas without text (the role, the step to the answer, the finish) take no time
    of their own: they come with the text before them, the role at 0.
    """
    deltas = list(dialect.encode(answer.pieces))
    # Natural ends come in a chunk of their own, because their token has no text.
    rides = rides and answer.finish != "stop" and len(deltas) > 1
    slot = 0
    for place, delta in enumerate(deltas):
        slot += _has_text(dialect.decode(delta))
        finish = answer.finish if rides and place == len(deltas) - 1 else None
        yield slot, delta, finish
    if not rides:
        yield slot, {}, answer.finish


def _has_text(pieces: tuple[Piece, ...]) -> bool:
    return any(piece.text for piece in pieces)


def refused(request: Request, problem: Problem, head: Head, dialect: Dialect) -> Reply:
    """The dialect's status and body for *problem*, at once and never streamed."""
    status, body = dialect.error(problem)
    text = isinstance(body, str)
    return Reply(
        status=status,
        headers=(TEXT_TYPE if text else JSON_TYPE, *dialect.headers(head, None)),
        frames=(Frame(0.0, body.encode() if isinstance(body, str) else spelled(body)),),
        dialect=dialect,
        request=request,
        problem=problem,
    )


def plain(request: Request, head: Head, dialect: Dialect, body: Json | bytes) -> Reply:
    """A body at once: JSON, or raw bytes that may be empty."""
    raw = body if isinstance(body, bytes) else spelled(body)
    return Reply(
        headers=(JSON_TYPE, *dialect.headers(head, None)) if raw else (),
        frames=(Frame(0.0, raw),) if raw else (),
        dialect=dialect,
        request=request,
    )


def shown(answers: tuple[Answer, ...], *, reasoning: bool) -> tuple[Answer, ...]:
    """*answers*, or the same without their thoughts."""
    if reasoning:
        return answers
    return tuple(
        Answer(tuple(p for p in a.pieces if p.kind != "reasoning"), a.finish)
        for a in answers
    )
