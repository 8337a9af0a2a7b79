"""What an error body is and says, in any dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contract.model.chat import Json
from contract.model.exchange import Exchange

# Python tracebacks, JavaScript and Java frames, C++ sources, template sources.
_INSIDES = re.compile(
    r"""
      Traceback\ \(most\ recent\ call\ last\)
    | \bFile\ "[^"]+",\ line\ \d+
    | \bat\ [\w.<>$ ]+\ ?\((?:/|file:|node:|[\w.]+\.java:)[^)]*\)
    | \b[\w./\\-]+\.(?:py|js|ts|cpp|cc|cu|h|hpp|rs|go):\d+
    | \bat\ line\ \d+,\ column\ \d+\ in\ source:
    """,
    re.VERBOSE,
)


_HTML = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


def sentence(body: Json) -> str:
    """
    What an error body tells a human, in any dialect; empty when it tells nothing.

    It is under `message`, `msg`, `detail` or `error`, at any depth.
    """
    return " ".join(_sentences(body, told=False)).strip()


def _sentences(value: Json, *, told: bool) -> Iterator[str]:
    if isinstance(value, str):
        if told:
            yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _sentences(entry, told=told)
    elif isinstance(value, dict):
        for key in ("error", "message", "detail", "msg"):
            yield from _sentences(value.get(key), told=True)


def reworded(body: Json, told: str) -> Json:
    """An error body of the same shape that tells *told*, and names no field."""
    if isinstance(body, list):
        return [reworded(entry, told) for entry in body]
    if not isinstance(body, dict):
        return told
    changed: dict[str, Json] = {}
    for key, value in body.items():
        if key in {"error", "message", "detail", "msg"}:
            changed[key] = reworded(value, told)
        elif key == "param":
            changed[key] = None
        elif key == "loc":
            changed[key] = ["body"]
        else:
            changed[key] = value
    return changed


def names(body: Json, field: str) -> bool:
    """Whether an error body mentions *field*, in any case, in any of its strings."""
    if isinstance(body, str):
        return field in body.lower()
    if isinstance(body, list):
        return any(names(entry, field) for entry in body)
    if isinstance(body, dict):
        return any(names(entry, field) for entry in body.values())
    return False


def is_html(exchange: Exchange) -> bool:
    """Whether the body is a page for a browser."""
    return exchange.media_type == "text/html" or bool(_HTML.match(exchange.text))


def insides(text: str) -> str | None:
    """The first trace of source code in *text*: a stack frame, a file with a line."""
    found = _INSIDES.search(text)
    return found.group(0) if found else None


def repeated_status(body: Json) -> int | None:
    """The HTTP status that an error body repeats; None when it repeats none."""
    inner = body.get("error") if isinstance(body, dict) else None
    for part, key in ((body, "raw_status_code"), (inner, "code"), (inner, "status")):
        value = part.get(key) if isinstance(part, dict) else None
        if isinstance(value, int) and 100 <= value < 600:  # noqa: PLR2004  # a status
            return value
    return None
