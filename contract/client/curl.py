"""Rendering of a request as a curl command that never contains the API key."""

from __future__ import annotations

import base64
import json
import shlex

from contract.client.session import Session
from contract.model.probe import KeyMode
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import WRONG_KEY, Request

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
    mode: KeyMode = KeyMode.GIVEN,
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
        mode: The form in which the request has the key.
        further: Names, in lower case, of headers that each request has in addition,
            and of the environment variables that will hold their values.
    """
    hidden = _OMITTED_HEADERS | {name for name, _ in further}
    words = ["curl", "-sS"]
    if request.method not in {"GET", "POST"} or not (
        request.body or request.method == "GET"
    ):
        words += ["-X", request.method]
    words.append(_address(url.rstrip("/") + request.path, key, mode))
    for name, value in request.headers:
        if name.lower() not in hidden:
            words += ["-H", shlex.quote(f"{name.lower()}: {value}")]
    words += [
        word for name, variable in further for word in ("-H", f'"{name}: ${variable}"')
    ]
    if key is not None and (credentials := _credentials(key, mode)):
        words += ["-H", f'"authorization: {credentials}"']
    if not request.body:
        return " ".join(words)
    text = _text(request.body)
    if text is None:
        raw = base64.b64encode(request.body).decode()
        return f"echo {raw} | base64 -d | {' '.join(words)} --data-binary @-"
    option = "--data-raw" if text.startswith("@") else "-d"
    return " ".join([*words, option, shlex.quote(text)])


def repeated(session: Session, request: Request, mode: KeyMode) -> str:
    """
    Return the shell command that sends *request* as *session* did.

    The key is in the variable that the user named. A request without credentials, which
    is what some checks are about, stays without.
    """
    has_key = mode is KeyMode.QUERY or any(
        name.lower() == "authorization" for name, _ in request.headers
    )
    return curl(
        session.url,
        request,
        key=session.key_variable if has_key else None,
        mode=mode,
        further=session.route.curl_headers,
    )


def _credentials(variable: str, mode: KeyMode) -> str:
    """Return the value of Authorization, for double quotes of a shell; "" for none."""
    basic = f"$(printf 'key:%s' \"${variable}\" | base64 | tr -d '\\n')"
    return {
        KeyMode.GIVEN: f"Bearer ${variable}",
        KeyMode.LOWER: f"bearer ${variable}",
        KeyMode.BARE: f"${variable}",
        KeyMode.BASIC: f"Basic {basic}",
        KeyMode.WRONG: f"Bearer {WRONG_KEY}",
    }.get(mode, "")


def _address(url: str, variable: str | None, mode: KeyMode) -> str:
    """Return *url* as a word of a shell, its key, if any, in the *variable*."""
    if mode is not KeyMode.QUERY or variable is None:
        return shlex.quote(url)
    return f'{shlex.quote(url.rpartition("=")[0] + "=")}"${variable}"'


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
