"""Strict JSON parsing (UTF-8, no NaN), and safe comparison of untrusted values."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Collection

from contract.model.chat import Json

# Returned for bytes that are not JSON, because None stands for `null`.
MISSING = object()


def _no_constant(name: str) -> Json:
    raise ValueError(name)


_STRICT = json.JSONDecoder(parse_constant=_no_constant)  # shared: costly to create


def read_json(raw: bytes) -> object:
    """
    Return *raw* parsed as strict JSON (no NaN), or MISSING; never raises.

    Only UTF-8 is accepted; a byte order mark is ignored (RFC 8259, section 8.1).
    """
    try:
        text = raw.removeprefix(BOM_UTF8).decode(errors="surrogatepass")
        return _STRICT.decode(text)
    except (ValueError, RecursionError):
        return MISSING


def is_one_of(value: object, names: Collection[str]) -> bool:
    """
    Return whether the untrusted *value* is one of *names*.

    A plain `value in names` raises `TypeError` when *names* is a set and *value* is a
    list or an object.
    """
    return isinstance(value, str) and value in names
