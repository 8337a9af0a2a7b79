"""A provider that already runs somewhere, named by its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from contract.errors import UsageError
from contract.targets.base import (
    Opened,
    target,
)

ENDINGS = ("/v1/chat/completions", "/v1/models", "/v1")


EXAMPLE = "Write it as http://127.0.0.1:8000/v1."


def read(text: str) -> Opened:
    """
    The root that *text* leads to: `/v1` and what follows it belong to no root.

    The errors never repeat *text*, which may hold a password or a key.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"The URL cannot be read (host or port). {EXAMPLE}") from None
    if parts.scheme not in {"http", "https"}:
        raise UsageError(
            f"A target URL starts with http:// or https://, not {parts.scheme}://."
        )
    if "@" in parts.netloc:
        raise UsageError(
            "The URL holds a user name or password; take them out and give the key "
            "in an environment variable (--api-key-env NAME)."
        )
    if not host or any(character.isspace() for character in parts.netloc):
        raise UsageError(f"The URL names no host. {EXAMPLE}")
    query = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(set(query) - {"profile"}):
        raise UsageError(
            f"The URL has a query ({', '.join(unknown)}); only ?profile=NAME is "
            "understood there, and a key belongs in an environment variable."
        )
    place = f"[{host}]" if ":" in host else host
    if port is not None:
        place += f":{port}"
    path = parts.path.rstrip("/")
    ending = next((end for end in ENDINGS if path.endswith(end)), "")
    root = f"{parts.scheme}://{place}{path.removesuffix(ending).rstrip('/')}"
    return Opened(root, profile=query.get("profile", [None])[-1] or None)


@target("url", read=read)
@contextmanager
def url(argument: str) -> Iterator[Opened]:
    """Nothing to start and nothing to stop; `?profile=NAME` says what it is."""
    yield read(argument)
