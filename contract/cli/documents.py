"""OpenAPI documents that a command line names: by a file, a URL, or a dialect."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from contract.catalog.profiles import builtin
from contract.catalog.providers import aliases
from contract.client.credentials import api_key, validate_key
from contract.client.recorder import Recorder
from contract.client.route import Route
from contract.client.timeouts import Limits
from contract.errors import TargetError, UsageError
from contract.files.bounded import read_bounded
from contract.model.check import shorten
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.wire import build_request
from contract.openapi_diff.document import MOST_BYTES, Document, adopt, parse
from contract.schema.openapi import document as whole_document
from contract.schema.openapi import standalone
from contract.targets.mock import mock_profile

BUILT_IN = "builtin"
PUBLISHED = "/openapi.json"  # where FastAPI, and so vLLM and others, has it
_API_ROOTS = ("", "/v1")
# In seconds: a document of vLLM is computed when it is first asked for.
_LIMITS = Limits(first_byte=30.0, between=10.0, total=60.0, max_bytes=MOST_BYTES)
_EXAMPLE = "http://127.0.0.1:8000/openapi.json"


@dataclass(frozen=True, slots=True)
class Access:
    """How documents at a URL are fetched."""

    route: Route = Route()  # noqa: RUF009  # a frozen value
    # The variable that holds the API key; None for the usual ones.
    key_env: str | None = None


def read(source: str, access: Access) -> Document:
    """
    Return the OpenAPI document that *source* names.

    It is a path, `-` for standard input, a URL, `builtin` for `openapi.yaml`, or the
    dialect of a mock. What has a file suffix, a separator or exists is a path.

    Raises `UsageError` if there is no such document, or it is none, and `TargetError`
    if it cannot be fetched.
    """
    if source == "-":
        return parse("standard input", sys.stdin.buffer.read(MOST_BYTES + 1))
    if source.partition("://")[0].lower() in {"http", "https"}:
        return _fetched(source, access)
    path = Path(source)
    if not path.exists():
        if source == BUILT_IN:
            return adopt(source, whole_document())
        if source in builtin() or source in aliases():
            chosen = mock_profile(source).dialect
            paths = chosen.paths | {chosen.path}
            return adopt(source, standalone(chosen.id, chosen.prefix, paths))
    try:
        return parse(source, read_bounded(path, MOST_BYTES))
    except OSError as error:
        raise UsageError(
            f"{source!r} cannot be read: {error.strerror}. Name a file, a URL such as "
            f"{_EXAMPLE}, `-`, `{BUILT_IN}` or a dialect ({', '.join(builtin())})."
        ) from error


def _fetched(url: str, access: Access) -> Document:
    """Return the document at *url*; raise `TargetError` if there is none."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, parts, port = None, urlsplit(""), None
    if not host or any(character.isspace() for character in url.strip()):
        raise UsageError(f"The URL of a document is invalid. Write it as {_EXAMPLE}.")
    if "@" in parts.netloc or parts.query:
        raise UsageError(
            "The URL of a document has a user name or a query; give a key with "
            "--api-key-env NAME, and further headers with --header."
        )
    authority = f"[{host}]" if ":" in host else host
    root = f"{parts.scheme}://{authority}" + ("" if port is None else f":{port}")
    path = parts.path.rstrip("/")
    path = PUBLISHED if path in _API_ROOTS else path
    key, variable = api_key(access.key_env, os.environ)
    access.route.ensure_one_key(variable if key else None)
    probe = Probe(name=path, method="GET", path=path, reasons=False)
    # The profile says how a chat is read, which this is not.
    profile = next(iter(builtin().values()))
    request = build_request(probe, profile, "", validate_key(key))
    with Recorder(root, _LIMITS, key, access.route) as recorder:
        exchange = recorder.record(probe, profile, request)
    _ensure_answered(exchange, root + path)
    try:
        return parse(root + path, exchange.body)
    except UsageError as error:
        raise TargetError(str(error)) from error


def _ensure_answered(exchange: Exchange, url: str) -> None:
    """Raise `TargetError` unless *exchange* is a complete 200."""
    if exchange.status is None or not exchange.end.whole:
        raise TargetError(
            f"{url} cannot be fetched: {exchange.note or exchange.end}. Save the "
            "document to a file, or start the server."
        )
    location = exchange.header("location")
    if exchange.status == HTTPStatus.OK:
        return
    hint = "Name the URL of its OpenAPI document."
    if location:
        hint = f"It redirects to {shorten(location)}; name that URL."
    elif exchange.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        hint = "Give a key with --api-key-env NAME."
    elif exchange.status == HTTPStatus.NOT_FOUND:
        hint = (
            "Name the URL of its OpenAPI document; vLLM has none with "
            "--disable-fastapi-docs, and llama.cpp never has."
        )
    raise TargetError(f"{url} answers {exchange.status}. {hint}")
