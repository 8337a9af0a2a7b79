"""Contents of error bodies, in any dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contract.model.chat import Json
from contract.model.exchange import Exchange

# Python tracebacks, JavaScript and Java frames, C++ sources, template sources.
_SOURCE_TRACE = re.compile(
    r"""
      Traceback\ \(most\ recent\ call\ last\)
    | \bFile\ "[^"]+",\ line\ \d+
    | \bat\ [\w.<>$ ]+\ ?\((?:/|file:|node:|[\w.]+\.java:)[^)]*\)
    | \b[\w./\\-]+\.(?:py|js|ts|cpp|cc|cu|h|hpp|rs|go):\d+
    | \bat\ line\ \d+,\ column\ \d+\ in\ source:
    | (?:/[\w.+-]+){2,}\.(?:py|js|ts|cpp|cc|cu|hpp|rs|go|java|so)\b
    | (?:/usr|/opt|/home|/root|/srv|/var/lib|/app|/workspace)/[\w.+-]+/[\w./+-]+
    | \bobject\ at\ 0x[0-9a-f]{6,}>
    | \b(?:upstream|backend|proxied|forwarded)\b[^"\n]{0,40}?
      \b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}(?::\d{2,5})?\b
    | \b[A-Za-z]:\\(?:[\w.+ -]+\\)+[\w.+-]+
    """,
    re.VERBOSE,
)
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_MESSAGE_KEYS = ("error", "message", "detail", "msg")


def error_message(body: Json) -> str:
    """
    Return the human-readable text of an error body; empty if it has none.

    It is found under `message`, `msg`, `detail` or `error`, at any depth.
    """
    return " ".join(_message_texts(body, in_message=False)).strip()


def _message_texts(value: Json, *, in_message: bool) -> Iterator[str]:
    """Yield the strings in *value* that are, or lie below, a message member."""
    if isinstance(value, str):
        if in_message:
            yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _message_texts(entry, in_message=in_message)
    elif isinstance(value, dict):
        for key in _MESSAGE_KEYS:
            yield from _message_texts(value.get(key), in_message=True)


def replace_message(body: Json, message: str) -> Json:
    """Return an error body of the same shape with *message* and without a field."""
    if isinstance(body, list):
        return [replace_message(entry, message) for entry in body]
    if not isinstance(body, dict):
        return message
    changed: dict[str, Json] = {}
    for key, value in body.items():
        if key in _MESSAGE_KEYS:
            changed[key] = replace_message(value, message)
        elif key == "param":
            changed[key] = None
        elif key == "loc":
            changed[key] = ["body"]
        else:
            changed[key] = value
    return changed


def mentions(body: Json, field: str) -> bool:
    """Return whether any string of an error body contains *field*, in any case."""
    if isinstance(body, str):
        return field in body.lower()
    if isinstance(body, list):
        return any(mentions(entry, field) for entry in body)
    if isinstance(body, dict):
        return any(mentions(entry, field) for entry in body.values())
    return False


def is_html(exchange: Exchange) -> bool:
    """Return whether the body is an HTML page."""
    return exchange.media_type == "text/html" or bool(_HTML.match(exchange.text))


def source_trace(text: str) -> str | None:
    """Return the first stack frame or source location in *text*; None if absent."""
    found = _SOURCE_TRACE.search(text)
    return found.group(0) if found else None
