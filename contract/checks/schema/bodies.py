"""What the faults of bodies share: which reply is which kind of object."""

from __future__ import annotations

from contract.model.chat import Json
from contract.model.reply import Reply


def named(reply: Reply, kind: str) -> dict[str, Json] | None:
    """The whole body of a reply if it is an object of that kind."""
    value = None if reply.streamed else reply.json
    if isinstance(value, dict) and value.get("object") == kind:
        return value
    return None
