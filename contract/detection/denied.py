"""Explanation of responses 401 and 403: the server's words, then what to try."""

from __future__ import annotations

import re
from http import HTTPStatus

from contract.client.route import DIRECT, Route
from contract.detection.error_message import error_message
from contract.model.exchange import Exchange

# Words about the key, and names of headers, in what servers and gateways write.
_KEY = re.compile(
    r"api[ _-]?key|bearer|token|authoriz|authentic|credential|\bkey\b", re.IGNORECASE
)
_CUSTOM = re.compile(r"\bx(?:-[a-z0-9]+)+\b", re.IGNORECASE)
_BEFORE_HEADER = re.compile(
    r"\b([a-z0-9]+(?:-[a-z0-9]+)+)\W{1,3}(?:request |http )?header", re.IGNORECASE
)
_AFTER_HEADER = re.compile(
    r"\bheader\W{1,3}([a-z0-9]+(?:-[a-z0-9]+)+)\b", re.IGNORECASE
)


def access_denied_reason(
    exchange: Exchange, url: str, *, key: bool, variable: str, route: Route = DIRECT
) -> str | None:
    """
    Return why *url* denied access, in its own words, and what to try.

    The result is None if it did not.

    Args:
        exchange: The exchange of a request that needs access.
        url: Root of the API.
        key: Whether an API key was sent.
        variable: Name of the environment variable of the key.
        route: The further headers that were sent.
    """
    if exchange.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return None
    said = error_message(exchange)
    quoted = f': "{said}"' if said else ", with an empty body"
    scheme = exchange.header("www-authenticate") or ""
    about_key = bool(_KEY.search(f"{said} {scheme}"))
    advice = _advice(said, about_key=about_key, key=key, variable=variable, route=route)
    return f"{url} denies access ({exchange.status}){quoted}. {advice}"


def _advice(
    said: str, *, about_key: bool, key: bool, variable: str, route: Route
) -> str:
    sent = {name for name, _ in route.curl_headers}
    named = _named_header(said)
    if named and named.lower() in sent:
        return f"The header {named} was sent; check its value."
    if named and named.lower() != "authorization":
        return (
            f"Send the header: --header '{named}: VALUE', or --header-env "
            f"{named}=VARIABLE with the value in that variable."
        )
    further = "--header 'NAME: VALUE'"
    if key and about_key:
        return f"Check the API key in {variable}, which was sent."
    if key:
        return (
            f"The API key in {variable} was sent; check its rights. If a gateway wants "
            f"another header, add {further}."
        )
    set_key = f"set {variable or 'a key'}, or name another variable with --api-key-env"
    if about_key:
        return f"For an API key, {set_key}; for another header, add {further}."
    return (
        f"If a gateway wants another header, add {further}; for an API key, {set_key}."
    )


def _named_header(said: str) -> str:
    """Return the header that the words of a server name; empty if they name none."""
    for pattern in (_BEFORE_HEADER, _AFTER_HEADER, _CUSTOM):
        if found := pattern.search(said):
            return found[found.lastindex or 0]
    return ""
