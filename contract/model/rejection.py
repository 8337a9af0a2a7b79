"""Why a request is rejected, independent of any provider's wording."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.model.chat import Json


class RejectionReason(StrEnum):
    """The ways a request can be refused, in no provider's words."""

    MALFORMED = "malformed"  # the body is not JSON
    ENCODING = "encoding"  # the body is not UTF-8
    CONTENT_TYPE = "content-type"
    SCHEMA = "schema"  # the body does not fit the request schema
    MODEL = "model"  # nobody serves this model
    OVERFLOW = "overflow"  # the prompt does not fit the context window
    MAX_TOKENS = "max-tokens"  # prompt and max_tokens together do not fit
    ORDER = "order"  # roles follow each other in a way the template forbids
    TOOL = "tool"  # a tool message nobody asked for, or a mismatched id
    TOOL_CHOICE = "tool-choice"  # forces a tool that was not given
    IMAGE = "image"  # bytes that are no image, or no base64
    IMAGE_URL = "image-url"  # an address that is not fetched
    IMAGE_COUNT = "image-count"
    UNSUPPORTED = "unsupported"  # a field this model does not offer
    NO_KEY = "no-key"
    WRONG_KEY = "wrong-key"
    ROUTE = "route"
    METHOD = "method"
    RATE = "rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """
    Why a request is refused; a dialect turns it into status and body.

    *pointer* is the JSON Pointer of the offender, *keyword* the JSON Schema keyword
    it broke, *value* what stood there, *count* and *limit* the two numbers of a
    bound (tokens, images), *body* the request as far as it could be read.
    """

    reason: RejectionReason
    message: str = ""
    pointer: str = ""
    keyword: str = ""
    value: Json = None
    expected: str = ""
    count: int = 0
    limit: int = 0
    body: Json = None
