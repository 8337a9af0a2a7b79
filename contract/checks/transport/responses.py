"""Checks that a chat gets a whole response with a status that tells what it is."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.model.chat import Json
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import End, Exchange
from contract.model.probes import SUM_WHOLE
from contract.model.reply import JSON_TYPE, Reply
from contract.model.response_kind import ResponseKind, error_in, is_chat, kind_of
from contract.portable.requirement import decided
from contract.portable.schemas import anything_but, has, one_of

REDIRECTS = frozenset(range(300, 400))


def is_whole_answer(reply: Reply) -> bool:
    """Return whether *reply* answers a chat that does not ask for a stream."""
    answered = reply.status == HTTPStatus.OK and reply.probe is not None
    return answered and not reply.streamed and bool(reply.frames)


@check(
    "transport.is-not-redirected",
    "A chat request MUST NOT be redirected.",
    source="RFC 9110 §15.4: a client need not follow; CherryHQ/cherry-studio#13236",
    sends=SUM_WHOLE,
    expects=ANY,
    every=Scope.RESPONSES,
)
def is_not_redirected(exchange: Exchange) -> Findings:
    """Clients drop the body or the key of a redirected POST, or stop at its status."""
    if not is_chat(exchange):
        raise NotApplicable("the request is not a chat")
    if exchange.status in REDIRECTS:
        where = exchange.header("location")
        yield Finding(
            f"the request is redirected with status {exchange.status}",
            expected="an answer at the address of the request",
            actual=f"Location: {shorten(where)}" if where else "no Location",
            hint="verify the address in Location" if where else "",
        )


@fault(breaks=is_not_redirected, also=("latency.samples-are-answered",))
def redirected_to_a_slash(reply: Reply) -> Reply:
    """A framework redirects to the path with a trailing slash (cherry-studio#13236)."""
    if reply.probe is None:
        return reply
    moved = reply.with_status(HTTPStatus.TEMPORARY_REDIRECT).with_frames(())
    return moved.with_header("location", f"{reply.request.path}/")


@check(
    "transport.errors-have-an-error-status",
    "An error in place of a whole answer MUST NOT have the status 200.",
    source="RFC 9110 §15.1; OpenAI API reference, errors",
    sends=SUM_WHOLE,
    every=Scope.ATTEMPTS,
)
@decided(has(error=False), when=has(request=has(stream=False)))
def errors_have_an_error_status(exchange: Exchange) -> Findings:
    """`streaming.completes` judges errors in streams."""
    if exchange.probe.stream:
        raise NotApplicable("the request asks for a stream")
    words = error_in(exchange)
    if words is not None:
        yield Finding(
            "an error has the status 200",
            expected="status 400 or above, or an answer",
            actual=words,
        )


@fault(breaks=errors_have_an_error_status)
def error_called_ok(reply: Reply) -> Reply:
    """A gateway answers 200 with the error of the server behind it as the body."""
    if not is_whole_answer(reply):
        return reply
    error: Json = {"message": "upstream request limit reached", "code": 502}
    return reply.with_header(*JSON_TYPE).with_json({"error": error})


@check(
    "transport.answers-are-not-empty",
    "A chat with the status 200 MUST have a body.",
    source="OpenAI API reference, chat completion object; preloop/preloop#121",
    sends=SUM_WHOLE,
    every=Scope.ATTEMPTS,
)
@decided(has(kind=anything_but("empty")), when=has(request=has(stream=False)))
def answers_are_not_empty(exchange: Exchange) -> Findings:
    """`streaming.completes` judges streams."""
    if exchange.probe.stream:
        raise NotApplicable("the request asks for a stream")
    if kind_of(exchange) is ResponseKind.EMPTY:
        yield Finding(
            "the answer is empty",
            expected="a JSON body",
            actual=f"a body of {len(exchange.body)} bytes with status 200",
        )


@fault(breaks=answers_are_not_empty)
def body_lost(reply: Reply) -> Reply:
    """A proxy forwards the head of a response and drops its body."""
    return reply.with_frames(()) if is_whole_answer(reply) else reply


@check(
    "transport.answers-are-whole",
    "A whole answer MUST arrive in full.",
    source="RFC 9112 §8: an incomplete message",
    sends=SUM_WHOLE,
    broken=True,
    every=Scope.ATTEMPTS,
)
@decided(
    has(ended=True, kind=anything_but(one_of(("cut off", "timed out")))),
    when=has(request=has(stream=False), streamed=False),
)
def answers_are_whole(exchange: Exchange) -> Findings:
    """`streaming.completes` judges streams."""
    if exchange.probe.stream or exchange.streamed:
        raise NotApplicable("the response is a stream")
    announced = exchange.header("content-length") or ""
    expected = f"{announced} bytes" if announced.isdecimal() else "a complete response"
    arrived = f"{len(exchange.body)} bytes"
    if exchange.end in {End.RESET, End.TIMEOUT}:
        yield Finding(
            "the answer broke off",
            expected=expected,
            actual=f"{arrived}; {exchange.note}",
        )
    elif kind_of(exchange) is ResponseKind.CUT_OFF:
        yield Finding(
            "the answer ends in the middle of its JSON",
            expected="one JSON object",
            actual=f"{arrived}, ending in {spell(shorten(exchange.text[-40:]))}",
        )


@fault(breaks=answers_are_whole, also=("isolation.survives-hang-ups",))
def reset_in_the_answer(reply: Reply) -> Reply:
    """The worker behind a proxy dies while it sends a whole answer."""
    if not is_whole_answer(reply):
        return reply
    return replace(_cut(reply), end=End.RESET)


@fault(breaks=answers_are_whole)
def answer_cut_short(reply: Reply) -> Reply:
    """A gateway has a buffer of a fixed size, and sends what fits."""
    return _cut(reply) if is_whole_answer(reply) else reply


def _cut(reply: Reply) -> Reply:
    """Return *reply* with the first half of its body."""
    *before, last = reply.frames
    half = replace(last, data=last.data[: len(last.data) // 2])
    return reply.with_frames((*before, half))
