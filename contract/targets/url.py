"""A provider that already runs somewhere, named by its URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from contract.errors import UsageError
from contract.targets.base import Opened, target

ENDINGS = ("/v1/chat/completions", "/v1/models", "/v1")
EXAMPLE = "Write it as http://127.0.0.1:8000/v1."
KEYS = ("MISTRAL_API_KEY", "OPENAI_API_KEY")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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


def api_key(variable: str | None, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """
    The API key and the variable that holds (or would hold) it.

    Without a *variable* it is MISTRAL_API_KEY, then OPENAI_API_KEY.
    """
    if variable:
        if not environ.get(variable):
            raise UsageError(f"The variable {variable} is not set; export it first.")
        return environ[variable], variable
    name = next((name for name in KEYS if environ.get(name)), KEYS[0])
    return environ.get(name) or None, name


def exposed(root: str) -> bool:
    """Whether a key sent to *root* travels unencrypted through a network."""
    return urlsplit(root).scheme == "http" and not local(root)


def local(root: str) -> bool:
    """Whether *root* is on this machine, so that nothing sent there leaves it."""
    return urlsplit(root).hostname in LOOPBACK
