"""Properties of server addresses: on this machine, encrypted."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def is_unencrypted(root: str) -> bool:
    """Return whether a key sent to the URL *root* crosses a network unencrypted."""
    return urlsplit(root).scheme == "http" and not is_local(root)


def is_local(root: str) -> bool:
    """Return whether the URL *root* is on this machine, so that no data leaves it."""
    return urlsplit(root).hostname in LOOPBACK_HOSTS
