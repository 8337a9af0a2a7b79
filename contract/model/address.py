"""Whether an address is on this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def is_unencrypted(root: str) -> bool:
    """Whether a key sent to *root* travels unencrypted through a network."""
    return urlsplit(root).scheme == "http" and not is_local(root)


def is_local(root: str) -> bool:
    """Whether *root* is on this machine, so that nothing sent there leaves it."""
    return urlsplit(root).hostname in LOOPBACK_HOSTS
