"""Validation of JSON values against JSON Schemas that a request contains."""

from __future__ import annotations

from typing import Any, cast

from contract.model.chat import Json
from contract.model.strict_json import MISSING

# Raised by a validator instead of a verdict: lone surrogates and some numbers do not
# exist in Rust, and every validator limits nesting.
_UNREADABLE = (ArithmeticError, RecursionError, TypeError, ValueError)


def mismatch(schema: Json, value: object) -> str | None:
    """
    Return the reason why *value* does not match *schema*, or None.

    MISSING stands for text that is not JSON. Everything matches a schema that is not
    a valid one, or has a reference to nowhere. No value and no schema makes this raise.
    """
    import jsonschema_rs  # noqa: PLC0415  # as in openapi.py

    if value is MISSING:
        return "it is not JSON"
    try:
        error = next(jsonschema_rs.iter_errors(cast("Any", schema), value), None)
    except _UNREADABLE:
        return _slowly(schema, value)
    return None if error is None else error.message


def _slowly(schema: Json, value: object) -> str | None:
    """Validate with jsonschema, which accepts every Python value."""
    # Takes 50 ms to import, and most runs never need it.
    import jsonschema  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    try:
        jsonschema.Draft202012Validator.check_schema(cast("Any", schema))
        validator = jsonschema.Draft202012Validator(cast("Any", schema))
        error = next(validator.iter_errors(value), None)
    except (jsonschema.SchemaError, Unresolvable):
        return None
    except _UNREADABLE as raised:
        return f"it cannot be validated ({type(raised).__name__})"
    return None if error is None else error.message
