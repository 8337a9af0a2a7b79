"""Strict JSON parsing (UTF-8, no NaN), and safe comparison of untrusted values."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Collection

import orjson

from contract.model.chat import Json

# Returned for bytes that are not JSON, because None stands for `null`.
MISSING = object()


def _no_constant(name: str) -> Json:
    raise ValueError(name)


_STRICT = json.JSONDecoder(parse_constant=_no_constant)  # shared: costly to create


# Every digit as 0 and every other byte as a space, so that one search finds them.
_DIGITS = bytes(48 if chr(byte).isdecimal() else 32 for byte in range(128)).ljust(256)
# orjson returns integers beyond 64 bits, which have 19 digits or more, as floats.
_LONG = b"0" * 19
# orjson nests deeper than the interpreter's stack allows; a shorter text cannot.
_SHORT = 800  # bytes
_NESTED = 400  # brackets


def read_json(raw: bytes) -> object:
    """
    Return *raw* parsed as strict JSON (no NaN), or MISSING; never raises.

    Only UTF-8 is accepted; a byte order mark is ignored (RFC 8259, section 8.1).
    orjson parses what it reads as `read_json_strictly` does, which is five times slower
    and decides about the rest.
    """
    if not _has_long_number(raw) and not _may_nest_deeply(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    return read_json_strictly(raw)


def read_json_strictly(raw: bytes) -> object:
    """Return what `read_json` returns, by the standard library alone."""
    try:
        text = raw.removeprefix(BOM_UTF8).decode(errors="surrogatepass")
        return _STRICT.decode(text)
    except (ValueError, RecursionError):
        return MISSING


def _has_long_number(raw: bytes) -> bool:
    """Return whether *raw* has as many digits in a row as only a huge number has."""
    return _LONG in raw.translate(_DIGITS)


def _may_nest_deeply(raw: bytes) -> bool:
    return len(raw) > _SHORT and raw.count(b"[") + raw.count(b"{") > _NESTED


def is_one_of(value: object, names: Collection[str]) -> bool:
    """
    Return whether the untrusted *value* is one of *names*.

    A plain `value in names` raises `TypeError` when *names* is a set and *value* is a
    list or an object.
    """
    return isinstance(value, str) and value in names
