"""Reasons to reject a request, independent of any server's wording."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.model.chat import Json


class RejectionReason(StrEnum):
    """The kinds of rejection."""

    MALFORMED = "malformed"  # the body is not JSON
    ENCODING = "encoding"  # the body is not UTF-8
    CONTENT_TYPE = "content-type"
    SCHEMA = "schema"  # the body does not match the request schema
    MODEL = "model"  # the model is not served
    OVERFLOW = "overflow"  # the prompt exceeds the context window
    MAX_TOKENS = "max-tokens"  # prompt and max_tokens together exceed it
    ORDER = "order"  # an order of roles that the chat template forbids
    TOOL = "tool"  # a tool message without a matching tool call
    TOOL_CHOICE = "tool-choice"  # forces a tool that is not defined
    IMAGE = "image"  # not an image, or not base64
    IMAGE_URL = "image-url"  # a URL that is not fetched
    IMAGE_COUNT = "image-count"
    UNSUPPORTED = "unsupported"  # a field this model does not offer
    NO_KEY = "no-key"
    WRONG_KEY = "wrong-key"
    ROUTE = "route"
    METHOD = "method"
    RATE = "rate"
    HOST = "host"  # the Host header names another server
    TOO_LARGE = "too-large"  # the body is larger than the server reads
    FAILURE = "failure"  # the server fails; `status` says how


STATUSES = {
    RejectionReason.HOST: 421,
    RejectionReason.TOO_LARGE: 413,
    RejectionReason.FAILURE: 500,
}
"""The statuses of what a web server or a gateway answers, whatever the dialect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """The reason to reject a request; a dialect turns it into a status and a body."""

    reason: RejectionReason
    # A sentence for the error body; empty where the dialect has one of its own.
    message: str = ""
    # JSON Pointer of the invalid value in the request.
    pointer: str = ""
    # The violated keyword of JSON Schema, such as "type".
    keyword: str = ""
    # The invalid value.
    value: Json = None
    # The valid values as a phrase, such as "at least 0"; for a model its name.
    expected: str = ""
    # The number that exceeds *limit* (tokens, images), or for a body that cannot be
    # parsed the offset in it.
    count: int = 0
    # The greatest valid number.
    limit: int = 0
    # HTTP status where the reason does not decide it; 0 where it does.
    status: int = 0
    # The parsed request, as far as it could be read.
    body: Json = None

    @property
    def server_status(self) -> int:
        """The status that no dialect decides; 0 where the dialect does."""
        return self.status or STATUSES.get(self.reason, 0)
