"""Shared parts of the /tokenize and /detokenize endpoints."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from contract.model.chat import Json
from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import BodyEndpoint
from contract.providers.openai_format.schema_rejection import malformed_body
from contract.tokens import tekken

_VOCABULARY = 131_072  # number of token ids of Tekken v13


def detokenize_as(member: str) -> BodyEndpoint:
    """Return the endpoint that decodes `tokens` and returns the text as *member*."""

    def detokenize(body: bytes, _window: int) -> Json | Rejection:
        value = json_object(body)
        if isinstance(value, Rejection):
            return value
        ids = value.get("tokens")
        if not isinstance(ids, list):
            return missing("tokens")
        known = [token for one in ids if (token := vocabulary_id(one)) is not None]
        if len(known) < len(ids):
            message = "tokens must be ids of the vocabulary"
            return Rejection(
                reason=RejectionReason.SCHEMA, message=message, pointer="/tokens"
            )
        return {member: tekken.decoded(known)}

    return detokenize


def vocabulary_id(value: Json) -> int | None:
    """Return *value* as a token id, or None; 5.0 is the integer 5 in JSON."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return int(value) if value == int(value) and 0 <= value < _VOCABULARY else None


def json_object(body: bytes) -> Mapping[str, Json] | Rejection:
    """Return *body* as a JSON object, or its rejection."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return malformed_body(body, error)
    if isinstance(value, dict):
        return value
    return Rejection(
        reason=RejectionReason.SCHEMA, message="an object was expected", keyword="type"
    )


def missing(name: str) -> Rejection:
    """Return the rejection of a body without the member *name*."""
    return Rejection(
        reason=RejectionReason.SCHEMA,
        message=f"{name} is required",
        pointer=f"/{name}",
        keyword="required",
    )


def printable(token: int) -> str:
    """Return the text of a token; bytes that are not UTF-8 become U+FFFD."""
    return tekken.token_bytes(token).decode(errors="replace")
