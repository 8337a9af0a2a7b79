"""Rendering of a request as a curl command that never contains the API key."""

from __future__ import annotations

import base64
import json
import shlex

from contract.model.strict_json import MISSING, read_json
from contract.model.wire import Request

VARIABLE = "MISTRAL_API_KEY"
# Headers that curl sets itself, or that contain the API key.
_OMITTED_HEADERS = frozenset(
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


def curl(
    url: str,
    request: Request,
    *,
    key: str | None = None,
    further: tuple[tuple[str, str], ...] = (),
) -> str:
    """
    Return the shell command that sends *request* to the server at *url*.

    The command can be pasted into a POSIX shell: JSON is compact, bytes that are not
    text are base64.

    Args:
        url: Root of the API, without the path of the request.
        request: What to send.
        key: Name of the environment variable that will hold the API key; None if the
            request needs no key.
        further: Names, in lower case, of headers that each request has in addition,
            and of the environment variables that will hold their values.
    """
    hidden = _OMITTED_HEADERS | {name for name, _ in further}
    words = ["curl", "-sS"]
    if request.method not in {"GET", "POST"} or not (
        request.body or request.method == "GET"
    ):
        words += ["-X", request.method]
    words.append(shlex.quote(url.rstrip("/") + request.path))
    for name, value in request.headers:
        if name.lower() not in hidden:
            words += ["-H", shlex.quote(f"{name.lower()}: {value}")]
    words += [
        word for name, variable in further for word in ("-H", f'"{name}: ${variable}"')
    ]
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


def _text(body: bytes) -> str | None:
    """Return *body* as text that a shell passes on unchanged; None if it is binary."""
    value = read_json(body)
    if value is not MISSING:
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if json.loads(compact) == value and compact.isprintable():
            return compact
        return json.dumps(value, separators=(",", ":"))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
