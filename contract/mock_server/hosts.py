"""
Check of the Host header, which keeps web pages away from a server on loopback.

A page can have its own domain resolve to 127.0.0.1 (DNS rebinding) and then read what
the server answers. The Host header still names that domain.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from functools import lru_cache

# Names under these are never in the public DNS (RFC 6761, ICANN resolution 2024.07.29).
_PRIVATE = (".localhost", ".internal", ".test")


def is_local_host(host: str, allowed: Collection[str] = ()) -> bool:
    """
    Return whether a Host header cannot be that of a domain on the internet.

    IP addresses, names without a dot (a container's, `localhost`) and names under
    `.localhost`, `.internal` and `.test` are local; so are those in *allowed*. An
    absent header is empty. Usage::

        >>> is_local_host("127.0.0.1:8700"), is_local_host("evil.example:8700")
        (True, False)
    """
    return _is_local(host, tuple(allowed))


@lru_cache(maxsize=256)  # requests of one client have one name
def _is_local(host: str, allowed: tuple[str, ...]) -> bool:
    name = _name(host.strip().lower())
    if name in {one.lower() for one in allowed}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(_PRIVATE)
    return True


def _name(host: str) -> str:
    """Return a Host header without its port, brackets and the root's dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isascii() and port.isdigit() else host).rstrip(".")


def is_loopback_address(address: str) -> bool:
    """Return whether *address* is an IP address or a name of this machine alone."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
