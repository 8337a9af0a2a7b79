"""Replies with the opposite verdict: rejections, crashes, and acceptances."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.judging.rejection import is_reply_to, requested_model
from contract.model.chat import Json, Piece, PieceKind
from contract.model.check import CLIENT_ERRORS, Check, Fault
from contract.model.dialect import Answer, Head, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json


def reject(reply: Reply, pointer: str, value: Json, message: str) -> Reply:
    """
    Return *reply* as a rejection in its dialect; a rejection is returned unchanged.

    *pointer* is the JSON pointer of the rejected *value* in the request, *message*
    the text of the error.
    """
    if reply.rejection is not None:
        return reply
    problem = Rejection(
        reason=RejectionReason.UNSUPPORTED,
        message=message,
        pointer=pointer,
        value=value,
    )
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode_json(body)
    kept = tuple(pair for pair in reply.headers if pair[0] != JSON_TYPE[0])
    return replace(
        reply,
        status=status,
        headers=(*kept, JSON_TYPE),
        frames=(Frame(0.0, data),),
        rejection=problem,
    )


def request_body(reply: Reply) -> dict[str, Json]:
    """Return the chat request that *reply* answers; empty if it is not an object."""
    return reply.asked


def crash(reply: Reply) -> Reply:
    """Return *reply* as the plain 500 of a handler that raised an exception."""
    crashed = reply.with_status(HTTPStatus.INTERNAL_SERVER_ERROR).with_header(
        *JSON_TYPE
    )
    return crashed.with_json({"detail": "Internal Server Error"})


def acceptance_fault(check: Check, description: str) -> Fault:
    """Return the fault that accepts and answers the invalid request of *check*."""

    def accept(reply: Reply) -> Reply:
        rejected = reply.status in CLIENT_ERRORS and is_reply_to(reply, check.sends[0])
        return accept_request(reply) if rejected else reply

    name = check.id.partition(".")[2]
    return Fault(
        id=f"accepts-{name}", breaks=check, apply=accept, description=description
    )


def accept_request(reply: Reply) -> Reply:
    """Return a well-formed answer to the request that *reply* rejects."""
    head = Head(
        id="accepted", created=1_758_000_000, model=requested_model(reply) or "any"
    )
    usage = Usage(prompt=4, completion=2)
    answer = Answer((Piece(PieceKind.ANSWER, "Hello."),))
    body: Json = reply.dialect.completion(head, (answer,), usage)
    surface = reply.dialect.surface
    if surface is not None:
        # It states defaults: the invalid value would make the answer ill-formed.
        body = surface.render(body, None)
    return replace(
        reply,
        status=HTTPStatus.OK,
        headers=(JSON_TYPE, *reply.dialect.headers(head, usage)),
        frames=(Frame(reply.frames[0].at if reply.frames else 0.0, encode_json(body)),),
        rejection=None,
        is_spelled=surface is not None,
    )
