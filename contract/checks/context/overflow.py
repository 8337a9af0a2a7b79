"""Overflow checks: requests beyond the context window get a clear error."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.context.prompt_length import accept_truncated, overflow_rejected
from contract.checks.context.prompts import FULL, ONE_MORE, ONE_MORE_STREAMED
from contract.checks.faults.overflow import TOLERATES_OVERFLOW, excess_tokens
from contract.checks.judging.rejection import ABOUT_THE_REQUEST
from contract.checks.sources import MISTRAL_CHAT, OLLAMA, VLLM_LIMITS
from contract.model import sse
from contract.model.chat import Json
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import DONE, Exchange
from contract.model.probes import WINDOW_PLUS_1000
from contract.model.profile import Capability
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, SSE_TYPE, Frame, Reply

# Tokens beyond the window from which a prompt counts as far too long.
FAR_BEYOND = 1_000


@check(
    "context.refuses-a-full-window",
    "A prompt that fills the whole context window MUST be rejected with a 4xx error.",
    source=VLLM_LIMITS,
    sends=FULL,
    expects=ANY,
    unless=TOLERATES_OVERFLOW,
)
def refuses_a_full_window(exchange: Exchange) -> Findings:
    yield from overflow_rejected(exchange)


@fault(breaks=refuses_a_full_window)
def full_window_taken(reply: Reply) -> Reply:
    """The limit is checked with > instead of >=."""
    return accept_truncated(reply) if excess_tokens(reply) == 0 else reply


@check(
    "context.refuses-one-token-more",
    "A prompt one token longer than the context window MUST be rejected with a 4xx "
    "error.",
    source=MISTRAL_CHAT,
    sends=ONE_MORE,
    expects=ANY,
    unless=TOLERATES_OVERFLOW,
)
def refuses_one_token_more(exchange: Exchange) -> Findings:
    yield from overflow_rejected(exchange)


@fault(breaks=refuses_one_token_more, also=("context",))
def first_token_dropped(reply: Reply) -> Reply:
    """A prompt slightly beyond the window is silently cut to fit."""
    over = excess_tokens(reply)
    slightly = over is not None and 0 < over < FAR_BEYOND
    return accept_truncated(reply) if slightly else reply


@check(
    "context.refuses-a-thousand-more",
    "A prompt 1,000 tokens longer than the context window MUST be rejected with a "
    "4xx error.",
    source=OLLAMA,
    sends=WINDOW_PLUS_1000,
    expects=ANY,
    unless=TOLERATES_OVERFLOW,
)
def refuses_a_thousand_more(exchange: Exchange) -> Findings:
    yield from overflow_rejected(exchange)


@fault(breaks=refuses_a_thousand_more, also=("context", "latency"))
def overflow_cut_silently(reply: Reply) -> Reply:
    """A long conversation silently loses its beginning."""
    over = excess_tokens(reply)
    return accept_truncated(reply) if over is not None and over >= FAR_BEYOND else reply


@check(
    "context.refuses-streams-before-they-begin",
    "A streaming request whose prompt does not fit MUST be rejected with a plain error "
    "before any event.",
    source=VLLM_LIMITS,
    sends=ONE_MORE_STREAMED,
    needs={Capability.STREAMING},
    expects=ANY,
    unless=TOLERATES_OVERFLOW,
)
def refuses_streams_before_they_begin(exchange: Exchange) -> Findings:
    yield from overflow_rejected(exchange)


@fault(breaks=refuses_streams_before_they_begin)
def overflow_inside_stream(reply: Reply) -> Reply:
    """The stream opens with status 200 and carries the error as an event."""
    if not excess_tokens(reply) or b'"stream":true' not in reply.request.body:
        return reply
    body = sse.encode(reply.body)
    end = sse.encode(DONE.encode())
    return replace(
        reply.with_header(*SSE_TYPE),
        status=HTTPStatus.OK,
        frames=(Frame(0, body), Frame(0, end)),
    )


def _type_and_code(body: Json) -> dict[str, Json]:
    """Return the type and the code of an error body, as far as it has them."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    if not isinstance(body, dict):
        return {}
    return {name: body[name] for name in ("type", "code") if name in body}


@check(
    "context.overflow-has-its-code",
    "A context overflow error MUST carry the type and code that the API defines for "
    "it.",
    source=MISTRAL_CHAT,
    sends=(ONE_MORE, WINDOW_PLUS_1000),
    expects=ANY,
    unless="overflow-without-code",
)
def overflow_has_its_code(*exchanges: Exchange) -> Findings:
    """Clients rely on them to decide when to shorten a conversation."""
    for exchange in _rejections(exchanges):
        window = exchange.profile.context_window
        problem = Rejection(
            reason=RejectionReason.OVERFLOW, count=window + 1, limit=window
        )
        _, body = exchange.profile.dialect.error(problem)
        expected = _type_and_code(body if isinstance(body, dict) else None)
        actual = _type_and_code(exchange.json)
        if actual != expected:
            yield Finding(
                "the error lacks the type and code of a context overflow",
                expected=shorten(expected),
                actual=shorten(actual) if actual else shorten(exchange.text),
                at=f"request {exchange.probe.name}",
            )


def _rejections(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    found = tuple(x for x in exchanges if x.status in ABOUT_THE_REQUEST)
    if not found:
        raise NotApplicable("no oversized prompt was rejected")
    return found


@fault(breaks=overflow_has_its_code, also=("context",))
def overflow_by_the_proxy(reply: Reply) -> Reply:
    """A proxy with its own body limit rejects long requests before the server does."""
    if not excess_tokens(reply):
        return reply
    page = b"<html><body><h1>413 Request Entity Too Large</h1></body></html>"
    rejected = reply.with_status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    rejected = rejected.with_frames((Frame(0, page),))
    return rejected.with_header(JSON_TYPE[0], "text/html")


@check(
    "context.overflow-tells-the-limit",
    "A context overflow error SHOULD state the length of the context window.",
    source="house rule; Mistral, vLLM and llama.cpp state it",
    sends=(ONE_MORE, WINDOW_PLUS_1000),
    expects=ANY,
    unless=TOLERATES_OVERFLOW,
)
def overflow_tells_the_limit(*exchanges: Exchange) -> Findings:
    for exchange in _rejections(exchanges):
        window = exchange.profile.context_window
        if not any(number in exchange.text for number in (f"{window}", f"{window:,}")):
            yield Finding(
                "the error does not state the length of the context window",
                expected=f"the number {window}",
                actual=shorten(exchange.text),
                at=f"request {exchange.probe.name}",
            )


@fault(breaks=overflow_tells_the_limit)
def limit_kept_secret(reply: Reply) -> Reply:
    """A gateway strips the numbers from the errors that it forwards."""
    if not excess_tokens(reply) or reply.rejection is None:
        return reply
    redacted = reply.body.replace(f"{reply.rejection.limit}".encode(), b"1")
    return reply.with_frames((Frame(reply.frames[-1].at, redacted),))
