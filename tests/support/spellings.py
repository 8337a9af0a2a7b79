"""How servers, libraries and logs spell a secret, and how a reader gets it back."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus


def in_json(text):
    return json.dumps(text)[1:-1]


def every(form):
    """Return a spelling of each character by its number."""
    return lambda text: "".join(form.format(ord(c)) for c in text)


def based(prefix, encode=base64.b64encode):
    """Return base64 in which *prefix* shifts the text to another alignment."""
    return lambda text: encode(prefix + text.encode() + b"~").decode()


def wrapped(text):
    return base64.encodebytes(b"Authorization: Bearer " + text.encode() * 3).decode()


SPELLINGS = {
    "verbatim": str,
    "json": in_json,
    "json-of-php": lambda text: in_json(text).replace("/", "\\/"),
    "json-of-go": lambda text: (
        in_json(text)
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
    ),
    "json-of-gson": lambda text: in_json(text).replace("=", "\\u003D"),
    "json-of-numbers": every("\\u{:04x}"),
    "javascript": every("\\u{{{:x}}}"),
    "python": lambda text: repr(text + "'")[1:-2],
    "hexadecimal-escapes": every("\\x{:02X}"),
    "octal-escapes": every("\\{:03o}"),
    "percent": lambda text: quote(text, safe=""),
    "percent-of-some": quote,
    "percent-in-lower-case": lambda text: "".join(
        c if c.isalnum() else f"%{ord(c):02x}" for c in text
    ),
    "percent-of-all": every("%{:02X}"),
    "form": quote_plus,
    "html": html.escape,
    "html-decimal": every("&#{};"),
    "html-decimal-with-zeros": every("&#{:07};"),
    "html-hexadecimal": every("&#x{:X};"),
    "html-named": lambda text: (
        text.replace("&", "&amp;").replace("/", "&sol;").replace("+", "&plus;")
    ),
    "markdown": lambda text: re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text),
    "base64": based(b""),
    "base64-shifted": based(b"k"),
    "base64-shifted-twice": based(b"kk"),
    "base64-of-urls": based(b"k>>", base64.urlsafe_b64encode),
    "base64-without-padding": lambda text: based(b"")(text).rstrip("="),
    "base64-in-lines": wrapped,
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal-in-upper-case": lambda text: text.encode().hex().upper(),
    "upper-case": str.upper,
    "lower-case": str.lower,
}
# What changes the letters is no encoding: what it is applied to cannot be decoded.
CASES = ("upper-case", "lower-case")


def readings(text: str, depth: int = 2) -> Iterator[str]:
    """Yield *text* and what decoders of the standard library make of it."""
    yield text
    if depth:
        for one in {*_decoded(text)} - {text}:
            yield from readings(one, depth - 1)


def _decoded(text: str) -> Iterator[str]:
    yield unquote(text)
    yield unquote_plus(text)
    yield html.unescape(text)
    yield re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
    yield re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m[1], 16)), text)
    yield re.sub(
        r"\\(?:[xu]((?<=x)[0-9a-fA-F]{2}|[0-9a-fA-F]{4})|([0-7]{3})|([\\'\"]))",
        lambda m: m[3] or chr(int(m[1], 16) if m[1] else int(m[2], 8)),
        text,
    )
    for literal in re.findall(r'"(?:[^"\\]|\\.)*"', f'"{text}"'):
        with contextlib.suppress(ValueError):
            yield json.loads(literal, strict=False)
    joined = re.sub(r"\s|\\n", "", text)
    for run in re.findall(r"[A-Za-z0-9+/_-]{12,}", joined):
        for offset in range(4):
            plain = run[offset:].translate(str.maketrans("-_", "+/"))
            padded = plain + "=" * (-len(plain) % 4)
            with contextlib.suppress(binascii.Error):
                yield base64.b64decode(padded).decode("latin-1")
    for run in re.findall(r"(?:[0-9a-fA-F]{2}){8,}", text):
        yield bytes.fromhex(run).decode("latin-1")
