"""A request as a command line that sends it again; the key stays in its variable."""

from __future__ import annotations

import base64
import json
import shlex

from contract.model.strict_json import (
    MISSING,
    read_json,
)
from contract.model.wire import Request

VARIABLE = "MISTRAL_API_KEY"
# What curl sets itself, or what holds a key.
_UNTOLD = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "host",
        "user-agent",
        "x-schemathesis-testcaseid",
    }
)


def curl(url: str, request: Request, *, key: str | None = None) -> str:
    """
    The shell command that sends *request* to the server at *url*.

    It can be pasted as it is: JSON without white space, other bytes as base64. *key*
    is the variable in which the API key will be found, where one is needed.
    """
    words = ["curl", "-sS"]
    if request.method not in {"GET", "POST"} or not (request.body or _asks(request)):
        words += ["-X", request.method]
    words.append(shlex.quote(url.rstrip("/") + request.path))
    for name, value in request.headers:
        if name.lower() not in _UNTOLD:
            words += ["-H", shlex.quote(f"{name.lower()}: {value}")]
    if key is not None:
        words += ["-H", f'"authorization: Bearer ${key}"']
    if not request.body:
        return " ".join(words)
    text = _text(request.body)
    if text is None:
        raw = base64.b64encode(request.body).decode()
        return f"echo {raw} | base64 -d | {' '.join(words)} --data-binary @-"
    option = "--data-raw" if text.startswith("@") else "-d"
    return " ".join([*words, option, shlex.quote(text)])


def _asks(request: Request) -> bool:
    return request.method == "GET"


def _text(body: bytes) -> str | None:
    """*body* as text that a shell passes on unchanged; None where there is none."""
    value = read_json(body)
    if value is not MISSING:
        short = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if json.loads(short) == value and short.isprintable():
            return short
        return json.dumps(value, separators=(",", ":"))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
