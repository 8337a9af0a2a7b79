"""Reads JSON strictly (UTF-8, no NaN), and compares values that came from outside."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Collection

from contract.model.chat import Json

MISSING = object()


def _no_constant(name: str) -> Json:
    raise ValueError(name)


_STRICT = json.JSONDecoder(parse_constant=_no_constant)  # made once: it is costly


def read_json(raw: bytes) -> object:
    """
    *raw* as strict JSON (no NaN), or MISSING; never raises.

    UTF-8 only, a byte order mark is passed over (RFC 8259, section 8.1).
    """
    try:
        text = raw.removeprefix(BOM_UTF8).decode(errors="surrogatepass")
        return _STRICT.decode(text)
    except (ValueError, RecursionError):
        return MISSING


def is_one_of(value: object, names: Collection[str]) -> bool:
    """
    Whether *value* is one of *names*.

    A plain `value in names` raises `TypeError` where *names* is a set and *value*,
    which came from outside, is a list or an object.
    """
    return isinstance(value, str) and value in names
