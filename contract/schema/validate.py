"""Whether a JSON value fits a JSON Schema that a request brought along, and why not."""

from __future__ import annotations

from typing import Any, cast

import jsonschema
import jsonschema_rs

from contract.model.chat import Json
from contract.model.strict_json import MISSING

# What a validator raises instead of a verdict: half a surrogate pair and some numbers
# do not exist in Rust, and nesting has an end everywhere.
_UNREADABLE = (ArithmeticError, RecursionError, TypeError, ValueError)


def mismatch(schema: Json, value: object) -> str | None:
    """
    Why *value* does not fit *schema*, a valid one; None when it does.

    MISSING is text that was no JSON. No value makes this raise.
    """
    if value is MISSING:
        return "it is no JSON"
    try:
        error = next(jsonschema_rs.iter_errors(cast("Any", schema), value), None)
    except _UNREADABLE:
        return _slowly(schema, value)
    return None if error is None else error.message


def _slowly(schema: Json, value: object) -> str | None:
    """The verdict of a validator that takes whatever Python can hold."""
    try:
        validator = jsonschema.Draft202012Validator(cast("Any", schema))
        error = next(validator.iter_errors(value), None)
    except _UNREADABLE as raised:
        return f"it cannot be judged ({type(raised).__name__})"
    return None if error is None else error.message
