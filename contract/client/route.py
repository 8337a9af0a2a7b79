"""The way to a server: further request headers, and the proxy in between."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies

from contract.client.credentials import unset
from contract.errors import UsageError
from contract.model.address import LOOPBACK_HOSTS
from contract.model.profile import VARIABLE
from contract.model.redaction import REDACTED

# RFC 9110, 5.6.2: a token.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Headers that describe how this client sends a request, by what to do instead.
_OWN = {
    "accept-encoding": "responses are read uncompressed, because compression buffers",
    "connection": "each request has a connection of its own",
    "content-encoding": "bodies are sent uncompressed",
    "content-length": "it is the length of each body",
    "content-type": "bodies are JSON, and checks vary it",
    "expect": "bodies are sent at once",
    "host": "it is the host of the URL",
    "keep-alive": "each request has a connection of its own",
    "proxy-authorization": "write the password in the URL of --proxy",
    "proxy-connection": "each request has a connection of its own",
    "te": "no trailers are read",
    "trailer": "no trailers are sent",
    "transfer-encoding": "each body has a length",
    "upgrade": "requests are HTTP/1.1",
}
# Values that a response may contain for its own reasons; masked there, they would
# alter what is judged.
_PUBLIC = re.compile(r"accept(?:-[a-z]+)*|user-agent|.*model.*")
_PROXY_SCHEMES = ("http", "https")
# In the environment of a child process: names and values, as JSON.
HEADERS = "MAGISTRAL_CONTRACT_HEADERS"
EXAMPLE = "--header 'X-Tenant: blue'"
ENVIRONMENT_EXAMPLE = "--header-env X-Tenant=TENANT"


@dataclass(frozen=True, slots=True)
class Header:
    """A header that every request gets in addition to its own."""

    # As the user wrote it; names are compared without regard to case.
    name: str
    # Treated like a key: never printed, masked in responses.
    value: str = field(repr=False)
    # Environment variable from which a repeated command reads the value.
    variable: str

    @property
    def is_public(self) -> bool:
        """Whether a response may well contain the value without repeating it."""
        return _PUBLIC.fullmatch(self.name.lower()) is not None


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, or the reason why there is none; `url` may contain a password."""

    # `http://user:password@host:3128`; None: requests are sent directly.
    url: str | None = field(default=None, repr=False)
    # A sentence for the header of the report; empty if no proxy is configured.
    note: str = ""

    @property
    def name(self) -> str:
        """The proxy without user name and password; empty if there is none."""
        return masked_proxy(self.url) if self.url else ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The password of the proxy in each spelling; empty without one."""
        # Not by urlsplit: a URL that it rejects has a password to hide, too.
        url = self.url or ""
        credentials = (url.partition("://")[2] or url).rpartition("@")[0]
        user, _, password = credentials.partition(":")
        if not password:
            return ()
        plain = unquote(password)
        pair = f"{unquote(user)}:{plain}"
        basic = base64.b64encode(pair.encode()).decode()
        return tuple(dict.fromkeys((password, plain, basic)))


@dataclass(frozen=True, slots=True)
class Route:
    """
    How requests of a run reach a server.

    Usage: `Route.read(headers=["X-Tenant: blue"], proxy="http://proxy:3128")`.
    """

    headers: tuple[Header, ...] = ()
    # The URL that --proxy gave; None leaves the choice to the environment.
    proxy: str | None = field(default=None, repr=False)

    @classmethod
    def read(
        cls,
        headers: Iterable[str] = (),
        from_variables: Iterable[str] = (),
        proxy: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """
        Return the route that options describe.

        Args:
            headers: Headers as `NAME: VALUE`.
            from_variables: Headers as `NAME=VARIABLE`, the value being in the
                environment.
            proxy: `http://host:port`, with `user:password@` where needed.
            environ: The environment; that of this process if not given.

        Raises `UsageError` for what cannot be sent; no message repeats a value.
        """
        variables = os.environ if environ is None else environ
        found = [
            *map(_parsed, headers),
            *(_from_variable(text, variables) for text in from_variables),
        ]
        names: set[str] = set()
        for header in found:
            if header.name.lower() in names:
                raise UsageError(f"The header {header.name} is given twice; keep one.")
            names.add(header.name.lower())
        return cls(tuple(found), None if proxy is None else _proxy(proxy, "--proxy"))

    def with_headers(
        self, variables: Mapping[str, str], environ: Mapping[str, str]
    ) -> Route:
        """
        Return this route with the headers of a profile that it lacks.

        Args:
            variables: The environment variable that holds the value, by header.
            environ: The environment.

        Raises `UsageError` for a variable that is not set or a header that cannot be
        sent.
        """
        added = tuple(
            _from_variable(f"{name}={variable}", environ)
            for name, variable in variables.items()
            if not self._has(name.lower())
        )
        return replace(self, headers=(*self.headers, *added)) if added else self

    def ensure_one_key(self, variable: str | None) -> None:
        """
        Raise `UsageError` if a header and the API key both are `Authorization`.

        *variable* names the origin of the API key; None if no key is sent.
        """
        if variable and self._has("authorization"):
            raise UsageError(
                f"The header Authorization is given, and {variable} holds an API key, "
                "which is sent in that header too; unset one of them."
            )

    def _has(self, name: str) -> bool:
        return any(header.name.lower() == name for header in self.headers)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no output may contain: of headers, and of the proxy."""
        values = [header.value for header in self.headers if not header.is_public]
        proxies = (self.proxy, *_environment_proxies().values())
        passwords = (s for url in proxies if url for s in Proxy(url).secrets)
        return tuple(dict.fromkeys((*values, *passwords)))

    @property
    def words(self) -> tuple[str, ...]:
        """The options that send a repeated command the same way; without a value."""
        found = []
        for header in self.headers:
            found += ["--header-env", f"{header.name}={header.variable}"]
        if self.proxy:
            found += ["--proxy", masked_proxy(self.proxy)]
        return tuple(found)

    @property
    def environment(self) -> dict[str, str]:
        """
        Variables with which a child process sends the same way.

        They contain the values of the headers, as `HEADERS` reads them.
        """
        found = {}
        if self.headers:
            found[HEADERS] = json.dumps([[h.name, h.value] for h in self.headers])
        exempt = ",".join(sorted(LOOPBACK_HOSTS))
        if self.proxy:
            for scheme in _PROXY_SCHEMES:
                found |= dict.fromkeys(
                    (f"{scheme}_proxy", f"{scheme}_PROXY".upper()), self.proxy
                )
        else:
            name = "no_proxy" if os.environ.get("no_proxy") else "NO_PROXY"
            listed = os.environ.get(name, "")
            exempt = f"{listed},{exempt}" if listed else exempt
        return found | {"no_proxy": exempt, "NO_PROXY": exempt}

    @classmethod
    def from_environment(cls) -> Self:
        """Return the route that `environment` described to this process."""
        pairs = json.loads(os.environ.get(HEADERS) or "[]")
        return cls.read([f"{name}: {value}" for name, value in pairs])

    @property
    def curl_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers for a curl command: names in lower case, and variables."""
        return tuple((h.name.lower(), h.variable) for h in self.headers)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for the header of the report, if there are further headers."""
        if not self.headers:
            return ()
        names = ", ".join(header.name for header in self.headers)
        variables = ", ".join(f"${header.variable}" for header in self.headers)
        note = (
            f"further headers of every request: {names}; values are not shown, "
            f"commands below read them from {variables}"
        )
        return (note,)

    def proxy_for(self, url: str) -> Proxy:
        """
        Return the proxy for the server at *url*, and what the report says about it.

        Loopback addresses are always reached directly. `--proxy` is used for every
        other server; the proxies of the environment are not used where NO_PROXY names
        the server. Raises `UsageError` for a proxy that cannot be used.
        """
        parts = urlsplit(url)
        given = self.proxy
        source = "--proxy"
        if given is None:
            source, given = _environment_proxy(parts.scheme)
        if not given:
            return Proxy()
        host = parts.hostname or ""
        if _is_loopback(host):
            note = f"the proxy in {source} was not used: {host} is this machine"
            return Proxy(note=note)
        if source != "--proxy" and (exempt := _exempting(parts)):
            return Proxy(
                note=f"the proxy in {source} was not used: {exempt} exempts {host}"
            )
        proxy = _proxy(given, source)
        return Proxy(
            proxy, f"requests went through the proxy {masked_proxy(proxy)} ({source})"
        )


DIRECT = Route()


def _parsed(text: str) -> Header:
    """Return the header `NAME: VALUE`; raise `UsageError` if it is none."""
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(
            "A header is written as NAME: VALUE; this one has no colon. "
            f"Write it as {EXAMPLE}."
        )
    name = name.strip()
    return _checked(Header(name, value.strip(), default_variable(name)))


def _from_variable(text: str, environ: Mapping[str, str]) -> Header:
    """Return the header `NAME=VARIABLE`; raise `UsageError` if it is none."""
    name, equals, variable = (part.strip() for part in text.partition("="))
    if not equals or ":" in name or not VARIABLE.fullmatch(variable):
        raise UsageError(
            "--header-env takes the name of a header and of the environment variable "
            f"with its value: {ENVIRONMENT_EXAMPLE}. A value itself is given with "
            f"{EXAMPLE}."
        )
    if not environ.get(variable):
        raise unset(variable, "--header-env", f", which holds the header {name},")
    return _checked(Header(name, environ[variable].strip(), variable))


def default_variable(name: str) -> str:
    """Return the variable from which a repeated command reads the header *name*."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "HEADER"


def _checked(header: Header) -> Header:
    """Return *header*; raise `UsageError` if it cannot or must not be sent."""
    name, value = header.name, header.value
    if not _NAME.fullmatch(name):
        raise UsageError(
            "The name of a header has letters, digits and hyphens only. "
            f"Write it as {EXAMPLE}."
        )
    if not value:
        raise UsageError(f"The header {name} has no value. Write it as {EXAMPLE}.")
    if not all(" " <= character <= "~" or character == "\t" for character in value):
        raise UsageError(
            f"The value of the header {name} has a control character or one that is "
            "not ASCII, which HTTP cannot send; encode it as the gateway expects."
        )
    if reason := _OWN.get(name.lower()):
        raise UsageError(
            f"The client sets the header {name} itself ({reason}); leave it out."
        )
    if name.lower() == "authorization" and value.lower().startswith("bearer "):
        raise UsageError(
            "The client sets Authorization: Bearer itself, from the API key; export "
            "that as MISTRAL_API_KEY, or name another variable with --api-key-env."
        )
    return header


def _proxy(text: str, source: str) -> str:
    """Return the URL of a proxy; raise `UsageError` that names *source*."""
    written = text.strip()
    if "://" not in written:
        written = f"http://{written}"
    try:
        parts = urlsplit(written)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme.startswith("socks"):
        raise UsageError(
            f"The proxy in {source} is a SOCKS proxy, which is not supported; name an "
            "HTTP proxy with --proxy http://HOST:PORT, or unset the variable."
        )
    sound = written.isascii() and written.isprintable() and " " not in written
    if not host or parts.scheme not in _PROXY_SCHEMES or not sound:
        raise UsageError(
            f"The proxy in {source} is not a URL; write it as "
            "http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with / in a password "
            "as %2F and @ as %40."
        )
    return written


def masked_proxy(url: str) -> str:
    """Return the URL of a proxy with its user name and password masked."""
    try:
        parts = urlsplit(url)
        credentials, at, host = parts.netloc.rpartition("@")
    except ValueError:
        return REDACTED
    shown = f"{REDACTED}@{host}" if at and credentials else host
    return f"{parts.scheme}://{shown}"


def _environment_proxies() -> dict[str, str]:
    """Return the proxies of the environment (or of the system) by scheme."""
    found = {scheme: url for scheme, url in getproxies().items() if url}
    return {
        scheme: url if "://" in url else f"http://{url}"
        for scheme, url in found.items()
        if scheme in {"http", "https", "all"}
    }


def _environment_proxy(scheme: str) -> tuple[str, str]:
    """Return the name of the variable with the proxy for *scheme*, and the proxy."""
    proxies = _environment_proxies()
    for kind in (scheme, "all"):
        if kind in proxies:
            names = (f"{kind}_proxy", f"{kind}_proxy".upper())
            set_here = next((name for name in names if os.environ.get(name)), None)
            return set_here or "the settings of the system", proxies[kind]
    return "", ""


def _exempting(server: SplitResult) -> str:
    """Return the variable that exempts *server* from proxies; empty if none does."""
    name = next((n for n in ("no_proxy", "NO_PROXY") if os.environ.get(n)), "")
    if not name:
        return ""
    entries = (entry.strip().lower() for entry in os.environ[name].split(","))
    return name if any(_matches(entry, server) for entry in entries) else ""


def _matches(entry: str, server: SplitResult) -> bool:
    """
    Return whether an entry of NO_PROXY names *server*.

    It is `*`, a host or domain with or without a leading dot, one with a port, or a
    network such as `10.0.0.0/8`.
    """
    host = (server.hostname or "").lower()
    if "/" in entry:
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(entry)
        except ValueError:
            return False
    name, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and ":" not in name:
        if port != str(server.port or {"https": 443}.get(server.scheme, 80)):
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*.").removeprefix(".")
    return entry == "*" or bool(entry and (host == entry or host.endswith(f".{entry}")))


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK_HOSTS:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
