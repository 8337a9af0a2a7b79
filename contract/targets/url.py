"""Target by URL: a server that is already running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from contract.errors import UsageError
from contract.targets.base import Opened, target

# Paths that users may include in the URL.
ENDINGS = ("/v1/chat/completions", "/v1/models", "/v1")
EXAMPLE = "Write it as http://127.0.0.1:8000/v1."


def read(text: str) -> Opened:
    """
    Return the root of the API at the URL *text*, without `/v1` and what follows it.

    Raises `UsageError` for anything else; the message never contains *text*, which
    may contain a password or a key.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"The URL is invalid (host or port). {EXAMPLE}") from None
    if parts.scheme not in {"http", "https"}:
        raise UsageError(
            f"A target URL starts with http:// or https://, not {parts.scheme}://."
        )
    if "@" in parts.netloc:
        raise UsageError(
            "The URL contains a user name or password; remove them and provide the key "
            "in an environment variable (--api-key-env NAME)."
        )
    if not host or any(character.isspace() for character in parts.netloc):
        raise UsageError(f"The URL has no host. {EXAMPLE}")
    query = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(set(query) - {"profile"}):
        raise UsageError(
            f"The URL has a query ({', '.join(unknown)}); only ?profile=NAME is "
            "supported, and a key belongs in an environment variable."
        )
    authority = f"[{host}]" if ":" in host else host
    if port is not None:
        authority += f":{port}"
    path = parts.path.rstrip("/")
    ending = next((end for end in ENDINGS if path.endswith(end)), "")
    root = f"{parts.scheme}://{authority}{path.removesuffix(ending).rstrip('/')}"
    return Opened(root, profile=query.get("profile", [None])[-1] or None)


@target("url", read=read)
@contextmanager
def url(argument: str) -> Iterator[Opened]:
    """A running server at a URL; `?profile=NAME` names its profile."""
    yield read(argument)
