"""A reply that refuses what it should have answered, in the words of its dialect."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.refusal import (
    answers,
    requested_model,
)
from contract.model.chat import (
    Json,
    Piece,
    PieceKind,
)
from contract.model.check import (
    CLIENT_ERRORS,
    Check,
    Fault,
)
from contract.model.dialect import (
    Answer,
    Head,
    Usage,
)
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
    encode_json,
)
from contract.model.strict_json import (
    MISSING,
    read_json,
)


def reject(reply: Reply, pointer: str, value: Json, message: str) -> Reply:
    """*reply* as the refusal of the *value* that stands at *pointer* in the request."""
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
    """The body of the request that *reply* answers; empty when it is no object."""
    value = read_json(reply.request.body)
    return value if value is not MISSING and isinstance(value, dict) else {}


def crash(reply: Reply) -> Reply:
    """*reply* as the bare 500 of a handler that raised."""
    crashed = reply.with_status(500).with_header(*JSON_TYPE)
    return crashed.with_json({"detail": "Internal Server Error"})


def accepts(check: Check, story: str) -> Fault:
    """The fault that answers the wrong request of *check* as if it were right."""

    def accept(reply: Reply) -> Reply:
        wrong = reply.status in CLIENT_ERRORS and answers(reply, check.sends[0])
        return accepted(reply) if wrong else reply

    name = check.id.partition(".")[2]
    return Fault(id=f"accepts-{name}", breaks=check, apply=accept, story=story)


def accepted(reply: Reply) -> Reply:
    """The opposite of a refusal: a well-formed answer to the same request."""
    head = Head(
        id="accepted", created=1_758_000_000, model=requested_model(reply) or "any"
    )
    usage = Usage(prompt=4, completion=2)
    answer = Answer((Piece(PieceKind.ANSWER, "Hello."),))
    body = reply.dialect.completion(head, (answer,), usage)
    return replace(
        reply,
        status=200,
        headers=(JSON_TYPE, *reply.dialect.headers(head, usage)),
        frames=(Frame(reply.frames[0].at if reply.frames else 0.0, encode_json(body)),),
        rejection=None,
    )
