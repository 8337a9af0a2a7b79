"""A reply that refuses what it should have answered, in the words of its dialect."""

from __future__ import annotations

from dataclasses import replace

from contract.chat import Json
from contract.dialects.base import Problem, Trouble
from contract.exchange import MISSING, read_json
from contract.reply import JSON_TYPE, Frame, Reply, encode


def refuse(reply: Reply, pointer: str, value: Json, message: str) -> Reply:
    """*reply* as the refusal of the *value* that stands at *pointer* in the request."""
    if reply.problem is not None:
        return reply
    problem = Problem(
        trouble=Trouble.UNSUPPORTED, message=message, pointer=pointer, value=value
    )
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode(body)
    kept = tuple(pair for pair in reply.headers if pair[0] != JSON_TYPE[0])
    return replace(
        reply,
        status=status,
        headers=(*kept, JSON_TYPE),
        frames=(Frame(0.0, data),),
        problem=problem,
    )


def sent(reply: Reply) -> dict[str, Json]:
    """The body of the request that *reply* answers; empty when it is no object."""
    value = read_json(reply.request.body)
    return value if value is not MISSING and isinstance(value, dict) else {}
