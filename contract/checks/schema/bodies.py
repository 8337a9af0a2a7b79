"""Selection of whole response bodies by the object they contain."""

from __future__ import annotations

from contract.model.chat import Json
from contract.model.reply import Reply


def body_of_kind(reply: Reply, kind: str) -> dict[str, Json] | None:
    """
    Return the body of a whole reply if its `object` member is *kind*.

    *kind* is the value in the API, such as "chat.completion", "model" or "list".
    """
    value = None if reply.streamed else reply.json
    if isinstance(value, dict) and value.get("object") == kind:
        return value
    return None
