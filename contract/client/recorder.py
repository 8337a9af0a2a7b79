"""Sends one request and records what comes back, byte by byte and with times."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import closing
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import httpx

from contract._version import __version__
from contract.client.timeouts import (
    Limits,
    Watchdog,
)
from contract.model.chat import Probe
from contract.model.exchange import (
    Arrival,
    End,
    Exchange,
)
from contract.model.profile import Profile
from contract.model.redaction import (
    redact_headers,
    redact_text,
)
from contract.model.wire import (
    Request,
    basic_credentials,
)

# A shorter "key" (EMPTY, x, 1) is a placeholder that opens nothing, and blanking it
# everywhere would rewrite ordinary answers.
SECRET_LENGTH = 8
PLAIN = "if it speaks plain http, write http:// instead of https://"
UNSIGNED = "set SSL_CERT_FILE to the certificate of the authority that signed it"
# By OpenSSL's X509_V_ERR_* numbers: expired, and made out for another name or address.
MENDED = {
    10: "renew it",
    62: "use the host name it was made for",
    64: "use the host name it was made for",
}
LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


class Recorder:
    """
    One provider's address and the client that asks it; safe to use from threads.

    Every request has a connection of its own: a server may close a kept one at the
    very moment it is used again, and that reset would look like a fault. Nothing is
    retried, redirected, or remembered in cookies. Proxies come from the environment,
    but loopback is never sent through one. *secret* is blanked wherever it appears.
    """

    def __init__(self, url: str, limits: Limits, secret: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.limits = limits
        self._secrets = _spellings(secret)
        self._watches: set[Watchdog] = set()
        self._lock = threading.Lock()
        self._client = httpx.Client(
            headers={"user-agent": f"magistral-contract/{__version__}"},
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            timeout=httpx.Timeout(limits.total, connect=limits.connect, pool=None),
            mounts=dict.fromkeys(LOOPBACK),
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Break off what is still on its way and give the client back."""
        with self._lock:
            watches = tuple(self._watches)
        for watch in watches:
            watch.cut("the run was stopped")
        self._client.close()

    def record(self, probe: Probe, profile: Profile, request: Request) -> Exchange:
        """*request* on the wire, and all that came back; never raises for it."""
        patient = request.method == "POST" and not probe.stream
        with Watchdog(self.limits, patient=patient) as watch:
            with self._lock:
                self._watches.add(watch)
            try:
                return self._record(probe, profile, request, watch)
            finally:
                with self._lock:
                    self._watches.discard(watch)

    def _record(
        self, probe: Probe, profile: Profile, request: Request, watch: Watchdog
    ) -> Exchange:
        status: int | None = None
        headers: tuple[tuple[str, str], ...] = ()
        arrivals: list[Arrival] = []
        size = 0
        end, note = End.COMPLETE, ""
        try:
            sent = self._client.build_request(
                request.method,
                self.url + request.path,
                headers=[(name.encode(), v.encode()) for name, v in request.headers],
                content=request.body,
                extensions={"trace": watch.trace},
            )
            with closing(self._client.send(sent, stream=True)) as response:
                status = response.status_code
                headers = tuple(
                    (name.decode("latin-1").lower(), value.decode("latin-1"))
                    for name, value in response.headers.raw
                )
                for data in response.iter_raw():
                    arrivals.append(Arrival(watch.arrived(), data))
                    size += len(data)
                    if probe.hang_up_after is not None and size >= probe.hang_up_after:
                        end, note = End.LEFT, "the probe hung up"
                        break
                    if size > self.limits.max_bytes:
                        end = End.TOO_LARGE
                        note = f"the body is larger than {self.limits.max_bytes} bytes"
                        break
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            end, note = failure(
                error,
                self.url,
                answered=status is not None,
                connected=watch.connected,
            )
        elapsed = watch.elapsed()
        if fired := watch.stop():
            end, note = End.TIMEOUT, fired
        return Exchange(
            probe=probe,
            profile=profile,
            request=Request(
                request.method,
                redact_text(request.path, self._secrets),
                redact_headers(request.headers, self._secrets),
                request.body,
            ),
            status=status,
            headers=redact_headers(headers, self._secrets),
            arrivals=masked(tuple(arrivals), self._secrets),
            end=end,
            note=redact_text(note, self._secrets),
            elapsed=elapsed,
        )


def masked(
    arrivals: tuple[Arrival, ...], secrets: tuple[str, ...]
) -> tuple[Arrival, ...]:
    """*arrivals* with stars over every secret, even one that arrived in parts."""
    body = b"".join(arrival.data for arrival in arrivals)
    hidden = body
    for secret in secrets:
        # Stars of the same length keep Content-Length and every arrival true.
        hidden = hidden.replace(secret.encode(), b"*" * len(secret.encode()))
    if hidden == body:
        return arrivals
    found, start = [], 0
    for arrival in arrivals:
        stop = start + len(arrival.data)
        found.append(Arrival(arrival.at, hidden[start:stop]))
        start = stop
    return tuple(found)


def _spellings(secret: str | None) -> tuple[str, ...]:
    """The ways a provider may echo *secret*: as it is, in JSON, an address, Basic."""
    if secret is None or len(secret) < SECRET_LENGTH:
        return ()
    plain = json.dumps(secret)[1:-1]
    return tuple(
        dict.fromkeys(
            (secret, plain, quote(secret, safe=""), basic_credentials(secret))
        )
    )


def failure(
    error: Exception, url: str, *, answered: bool, connected: bool
) -> tuple[End, str]:
    """
    How an exchange ended that *error* broke off, and one sentence about it.

    What to do stands behind a semicolon, where the failure itself tells.
    """
    place = urlsplit(url).netloc
    if isinstance(error, httpx.ConnectTimeout):
        missed = f"answered no TLS handshake in time; {PLAIN}"
        why = missed if connected else "did not accept a connection in time"
        return End.TIMEOUT, f"{place} {why}"
    if isinstance(error, httpx.TimeoutException):
        return End.TIMEOUT, f"{place} stopped reading or writing"
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return End.REFUSED, _unreachable(error, place)
    if isinstance(error, httpx.RemoteProtocolError):
        return End.RESET, _garbled(str(error), answered=answered)
    if isinstance(error, httpx.NetworkError | OSError):
        when = "in the middle of the response" if answered else "before it answered"
        return End.RESET, f"the connection was reset {when}"
    return End.REFUSED, f"the request could not be sent: {str(error)[:120]}"


def _unreachable(error: BaseException, place: str) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return f"the host name of {place} is not known (DNS)"
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens on {place} (connection refused)"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {place} is not trusted ({cause.verify_message}); "
                + MENDED.get(cause.verify_code, UNSIGNED)
            )
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or "no reason given").replace("_", " ").lower()
            return f"TLS with {place} failed ({reason}); {PLAIN}"
        cause = cause.__cause__ or cause.__context__
    return f"no connection to {place} ({str(error)[:120]})"


def _garbled(message: str, *, answered: bool) -> str:
    if "without sending a response" in message:
        return "the connection was closed before it answered"
    if "peer closed connection" in message:
        return "the connection was closed in the middle of the response"
    where = "the response breaks off with" if answered else "the answer begins with"
    return f"{where} bytes that are not HTTP ({message[:120]})"
