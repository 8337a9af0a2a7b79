"""What a gateway may change in the replies of the server behind it, and may not."""

from __future__ import annotations

from enum import StrEnum


class Aspect(StrEnum):
    """One part of what a client receives, which a gateway may have changed."""

    REASONING = "reasoning"  # the text of the reasoning
    ANSWER = "answer"  # the text of the answer
    ARGUMENTS = "arguments"  # names and arguments of the tool calls
    FINISH = "finish-reason"
    USAGE = "usage"  # the numbers of prompt, completion and total tokens
    ORDER = "order"  # the order of reasoning, answer and calls
    ERROR_CLASS = "error-class"  # accepted, denied, rate limited, rejected, failed
    PACE = "pace"  # text arrives as it is generated
    REPEATS = "repeats"  # the server behind it gets each request once
    MODEL = "model"  # the name of the model in the reply
    HEADERS = "headers"  # names of response headers
    MEMBERS = "members"  # names of members of the body that have a value
    NULLS = "nulls"  # names of members of the body that are null
    STATUS = "status"  # the status within its class: 400 for 422
    ERROR_TEXT = "error-text"  # the message of an error
    CHUNKS = "chunks"  # the division of a stream into events
    PATHS = "paths"  # paths beside the chat that the gateway does not forward


# A client relies on these, whoever forwards them; no profile can permit a change.
NEVER = frozenset(
    {
        Aspect.REASONING,
        Aspect.ANSWER,
        Aspect.ARGUMENTS,
        Aspect.FINISH,
        Aspect.USAGE,
        Aspect.ORDER,
        Aspect.ERROR_CLASS,
        Aspect.PACE,
        Aspect.REPEATS,
    }
)
# What any HTTP intermediary does (RFC 9110, 7.6), and what no client relies on.
USUAL = frozenset({Aspect.HEADERS, Aspect.CHUNKS})
