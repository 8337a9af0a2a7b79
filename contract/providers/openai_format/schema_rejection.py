"""Rejections of bodies that are not JSON or do not match the request schema."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import orjson

from contract.model.chat import Json
from contract.model.rejection import Rejection, RejectionReason
from contract.schema import openapi


def malformed_body(body: bytes, error: orjson.JSONDecodeError) -> Rejection:
    """Return the rejection of bytes that are not JSON; *error* is that of orjson."""
    try:
        body.decode()
    except UnicodeDecodeError as broken:
        message = "the body is not UTF-8"
        return Rejection(
            reason=RejectionReason.ENCODING, message=message, count=broken.start
        )
    rejection = Rejection(
        reason=RejectionReason.MALFORMED,
        message=error.msg,
        count=error.pos,
        keyword="" if body else "required",
    )
    # The servers in Python parse with its own library, so the words are those.
    try:
        value = json.loads(body)
    except json.JSONDecodeError as ours:
        return replace(rejection, message=ours.msg, count=ours.pos)
    except (ValueError, RecursionError):
        return rejection
    # It accepts numbers that are not finite, which are rejected later.
    for name, member in value.items() if isinstance(value, dict) else ():
        if isinstance(member, float) and not math.isfinite(member):
            return replace(rejection, pointer=f"/{name}", value=member)
    return rejection


def schema_rejection(name: str, body: Json) -> Rejection:
    """Return the rejection of a body that does not match the schema *name*."""
    found = next(iter(openapi.schema_errors(name, body, most=1)), None)
    if found is None:
        return Rejection(
            reason=RejectionReason.SCHEMA, message="the body is no such request"
        )
    return Rejection(
        reason=RejectionReason.SCHEMA,
        message=found.message,
        pointer=found.pointer,
        keyword=found.keyword,
        value=_at(body, found.pointer),
        expected=found.expected,
        body=body,
    )


def _at(body: Json, pointer: str) -> Json:
    """Return the value at a JSON Pointer, or None."""
    value = body
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
