"""Framing of completions: one body, or the events of a stream, each with its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from contract.mock_server.answering import Completion
from contract.model.chat import END, Json, PieceKind, Token
from contract.model.dialect import Answer, Dialect, Head, StreamUsage
from contract.model.exchange import DONE
from contract.model.probe import Probe
from contract.model.rejection import Rejection
from contract.model.reply import JSON_TYPE, SSE_TYPE, Frame, Reply, encode_json
from contract.model.rules import Rules
from contract.model.wire import Request

# Maps a number of texts to the time at which each is due, in seconds.
Times = Callable[[int], tuple[float, ...]]
TEXT_TYPE = ("content-type", "text/plain; charset=utf-8")
# Marks the place of the id in cached frames; random, so that no text contains it.
ID_PLACEHOLDER = "6fdc1d2e1c9d4a0bb7a64d1f2c53e098"
_ID_PLACEHOLDER = ID_PLACEHOLDER.encode()
_DONE = f"data: {DONE}\n\n".encode()


@dataclass(frozen=True, slots=True)
class ReplyFormat:
    """The dialect of a reply and the rules of its servers."""

    dialect: Dialect
    rules: Rules


def dump_json(value: Json) -> bytes:
    """Return compact JSON, by orjson unless it does not support the value."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return encode_json(value)


def frames(
    probe: Probe,
    completion: Completion,
    head: Head,
    reply_format: ReplyFormat,
    times: Times,
) -> tuple[Frame, ...]:
    """
    Return the frames of a completion: one body, or a stream if *probe* requests one.

    Args:
        probe: The request.
        completion: The choices and the usage.
        head: Id, time and model of the response.
        reply_format: The dialect and its rules.
        times: When each text is due.
    """
    if probe.stream:
        return tuple(_stream(probe, completion, head, reply_format, times))
    texts = max((len(answer.pieces) for answer in completion.answers), default=0)
    body = reply_format.dialect.completion(head, completion.answers, completion.usage)
    for index, answer in enumerate(completion.answers):
        add_logprobs(body, index, answer.tokens, probe, reply_format.rules)
        _add_stop(body, index, answer.stop, reply_format.rules)
    # Due when the last text of a stream would be.
    return (Frame(times(max(texts, 1))[-1], dump_json(body)),)


def _stream(
    probe: Probe,
    completion: Completion,
    head: Head,
    reply_format: ReplyFormat,
    times: Times,
) -> Iterator[Frame]:
    """Yield server-sent events: roles first, then the texts of all choices in turn."""
    dialect = reply_format.dialect
    events = [
        (text, index, delta, finish, tokens)
        for index, answer in enumerate(completion.answers)
        for text, delta, finish, tokens in _deltas(answer, reply_format)
    ]
    events.sort(key=lambda event: event[0])
    due = (0.0, *times(events[-1][0] if events else 0))
    last = len(events) - 1
    on_last = dialect.stream_usage is StreamUsage.LAST_CHUNK
    usage_chunk = probe.options.usage and not on_last
    at = 0.0
    for position, (text, index, delta, finish, tokens) in enumerate(events):
        with_usage = (on_last and position == last) or (
            reply_format.rules.usage_on_every_finish and finish is not None
        )
        usage = completion.usage if with_usage else None
        at = due[text]
        event = dialect.chunk(head, index, delta, finish, usage)
        add_logprobs(event, 0, tokens, probe, reply_format.rules)
        if finish is not None:
            stop = completion.answers[index].stop
            _add_stop(event, 0, stop, reply_format.rules)
            if usage_chunk and reply_format.rules.fingerprint_beside_usage:
                event.pop("system_fingerprint", None)
        yield Frame(at, _event(event))
    if usage_chunk and dialect.usage_chunk:
        yield Frame(at, _event(dialect.usage_chunk(head, completion.usage)))
    if dialect.done:
        yield Frame(at, _DONE)


def _event(value: Json) -> bytes:
    return b"data: " + dump_json(value) + b"\n\n"


def _deltas(
    answer: Answer, reply_format: ReplyFormat
) -> Iterator[tuple[int, dict[str, Json], str | None, tuple[Token, ...]]]:
    """
    Yield the deltas of one choice: number of the text so far, delta, finish, tokens.

    Deltas without text (the role, the transition to the answer, the finish) take no
    time: they are due with the preceding text, the role at 0.
    """
    rules = reply_format.rules
    deltas = list(reply_format.dialect.encode(answer.pieces))
    on_text = _rides_on_text(answer, rules) and len(deltas) > 1
    opening, shown, closing = _streamed_tokens(answer.tokens, rules)
    # What a server repeats of the request, at the beginning, was not generated.
    repeated = len(deltas) - 1 - len(shown)
    merged = _merged_tokens(deltas, shown, reply_format) if rules.merges_deltas else ()
    text = 0
    for position, delta in enumerate(deltas):
        text += sum(bool(p.text) for p in reply_format.dialect.decode(delta))
        last = on_text and position == len(deltas) - 1
        first = max(position - 1 - repeated, 0)
        tokens = shown[first : max(position - repeated, 0)] if position else opening
        if merged:
            tokens = merged[position]
        yield text, delta, answer.finish if last else None, tokens
    if not on_text:
        yield text, {}, answer.finish, closing


def _rides_on_text(answer: Answer, rules: Rules) -> bool:
    """Whether the finish reason of *answer* comes in the chunk of its last text."""
    if answer.pieces and answer.pieces[-1].kind is PieceKind.TOOL:
        return rules.finish_rides_on_text and rules.finish_rides_on_calls
    # A natural end comes in its own chunk, because its token has no text.
    natural = answer.finish == "stop" and answer.stop is None
    return rules.finish_rides_on_text and not natural


def _merged_tokens(
    deltas: list[dict[str, Json]], shown: tuple[Token, ...], reply_format: ReplyFormat
) -> tuple[tuple[Token, ...], ...]:
    """Return the tokens of each delta, where one may hold the text of several."""
    if not shown:
        return ()
    sizes = [
        sum(len(piece.text) for piece in reply_format.dialect.decode(delta))
        for delta in deltas
    ]
    # What a server repeats of the request, at the beginning, was not generated.
    ahead = sum(sizes) - sum(len(token.text) for token in shown)
    found: list[tuple[Token, ...]] = []
    tokens = list(shown)
    for size in sizes:
        left = size - min(ahead, size)
        ahead -= size - left
        own: list[Token] = []
        while tokens and left > 0:
            left -= len(tokens[0].text)
            own.append(tokens.pop(0))
        found.append(tuple(own))
    return tuple(found)


def _streamed_tokens(
    tokens: tuple[Token, ...], rules: Rules
) -> tuple[tuple[Token, ...], tuple[Token, ...], tuple[Token, ...]]:
    """Return the tokens on the chunk of the role, of each text, and of the finish."""
    opens = tokens[:1] if tokens and tokens[0].kind is None else ()
    ends = tokens[-1:] if tokens and tokens[-1].text == END else ()
    return (
        opens if rules.logprobs_on_role else (),
        tuple(token for token in tokens if token.kind is not None),
        ends if rules.logprobs_on_finish else (),
    )


def add_logprobs(
    body: dict[str, Json],
    position: int,
    tokens: tuple[Token, ...],
    probe: Probe,
    rules: Rules,
) -> None:
    """Add the log-probabilities of *tokens* to the choice of *body* at *position*."""
    choices = body.get("choices")
    choice = choices[position] if isinstance(choices, list) else None
    if tokens and rules.logprobs is not None and isinstance(choice, dict):
        wanted = probe.options.logprobs or 0
        choice["logprobs"] = {"content": [rules.logprobs(t, wanted) for t in tokens]}


def _add_stop(
    body: dict[str, Json], position: int, stop: str | None, rules: Rules
) -> None:
    """Name the stop string that ended the choice of *body* at *position*."""
    choices = body.get("choices")
    choice = choices[position] if isinstance(choices, list) else None
    if stop is not None and rules.names_stop_string and isinstance(choice, dict):
        choice["stop_reason"] = stop


def reply(  # noqa: PLR0913, PLR0917  # the parts of a reply
    request: Request,
    probe: Probe,
    completion: Completion,
    head: Head,
    dialect: Dialect,
    frames: tuple[Frame, ...],
) -> Reply:
    """
    Return the reply to a chat request.

    Args:
        request: The request as it arrived.
        probe: The request as a probe.
        completion: The choices and the usage.
        head: Id, time and model of the response.
        dialect: The dialect of the response.
        frames: The body, from `frames`.
    """
    kind = SSE_TYPE if probe.stream else JSON_TYPE
    return Reply(
        headers=(kind, *dialect.headers(head, completion.usage)),
        frames=frames,
        dialect=dialect,
        request=request,
        probe=probe,
    )


def insert_id(frames: tuple[Frame, ...], id: str) -> tuple[Frame, ...]:
    """Return *frames* with the placeholder replaced by the id of a response."""
    data = id.encode()
    return tuple([Frame(f.at, f.data.replace(_ID_PLACEHOLDER, data)) for f in frames])


def rejection_reply(
    request: Request, problem: Rejection, head: Head, dialect: Dialect
) -> Reply:
    """
    Return the dialect's error response, sent at once and never streamed.

    Args:
        request: The request as it arrived.
        problem: Why it is rejected.
        head: Id, time and model of the response.
        dialect: The dialect of the response.
    """
    status, body = dialect.error(problem)
    text = isinstance(body, str)
    # RFC 9110, 15.5.6: "The origin server MUST generate an Allow header field in a
    # 405 response".
    not_allowed = status == HTTPStatus.METHOD_NOT_ALLOWED
    allowed = (("allow", problem.expected),) if not_allowed else ()
    data = body.encode() if isinstance(body, str) else dump_json(body)
    return Reply(
        status=status,
        headers=(
            TEXT_TYPE if text else JSON_TYPE,
            *allowed,
            *dialect.headers(head, None),
        ),
        frames=(Frame(0.0, data),),
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
    """
    Return the response of an endpoint other than chat, sent at once.

    Args:
        request: The request as it arrived.
        head: Id, time and model for the headers.
        dialect: The dialect of the response.
        body: A JSON value, or raw bytes; without bytes there are no headers.
        kind: The content type header.
    """
    raw = body if isinstance(body, bytes) else dump_json(body)
    return Reply(
        headers=(kind, *dialect.headers(head, None)) if raw else (),
        frames=(Frame(0.0, raw),) if raw else (),
        dialect=dialect,
        request=request,
    )
