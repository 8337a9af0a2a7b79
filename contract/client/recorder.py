"""Recorder of exchanges: one request, and every byte of its response with its time."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from contract._version import __version__
from contract.client.event_stream import EventStream
from contract.client.httpx_transport import HttpxTransport
from contract.client.kernel_clock import KernelClock
from contract.client.route import DIRECT, Route
from contract.client.stamped_transport import StampedTransport
from contract.client.timeouts import Deadlines, Limits
from contract.client.transport import Response, Sent, Transport
from contract.model.exchange import (
    EVENT_STREAM,
    LEFT_OPEN,
    Arrival,
    End,
    Exchange,
    media_type,
)
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.redaction import SECRETS, redact_headers
from contract.model.wire import Request

# A request that is to be left is left after this time, whether text has come or not:
# a server that holds text back would send none before it has generated all of it.
HANG_UP_SECONDS = 10.0
# Of requests that have none of their own; httpx would accept what happens to be
# installed.
_DEFAULTS = (
    ("accept-encoding", "gzip, deflate"),
    ("user-agent", f"magistral-contract/{__version__}"),
)
STOPPED = "the run was stopped"  # before the exchange was complete
PLAIN_HTTP_ADVICE = "if the server uses plain HTTP, write http:// instead of https://"
UNKNOWN_CA_ADVICE = "set SSL_CERT_FILE to the certificate of the issuing authority"
# By OpenSSL's X509_V_ERR_* number: expired, issued for another host name or address.
CERTIFICATE_ADVICE = {
    10: "renew it",
    62: "use the host name it was issued for",
    64: "use the host name it was issued for",
}
# Seconds that a server has to end a response after [DONE]. Servers end it at once; the
# longer time keeps a busy one from being blamed, and the shorter one, once the server
# is known to leave connections open, is still enough to see what it sends after [DONE].
FIRST_GRACE = 2.0
GRACE = 0.25


class Recorder:
    """
    HTTP client for one server that records exchanges; safe to use from threads.

    With *stamped*, an arrival has the time at which the kernel received it, so that it
    does not depend on how busy this program is, and greenlets of gevent can use it, too
    (docs/clock.md). `times` says which times the arrivals have.

    Every request gets its own connection: a server may close a pooled connection at
    the moment it is reused, and that reset would look like a fault. Retries, redirects
    and cookies are disabled. The proxy and further headers come from the route.
    """

    def __init__(
        self,
        url: str,
        limits: Limits,
        secret: str | None = None,
        route: Route = DIRECT,
        *,
        stamped: bool = False,
    ) -> None:
        """
        Open no connection yet.

        Args:
            url: Root of the API, without `/v1`.
            limits: Bounds that apply to each exchange.
            secret: API key, which is registered, so that it is masked wherever a
                response contains it; further ones are registered with
                `contract.model.redaction.register_secret` before they are sent.
            route: Further headers, whose values are registered too, and the proxy.
            stamped: Take the times from the kernel, where it has them and no proxy is
                in between.

        Raises `UsageError` if the proxy for *url* cannot be used.
        """
        self.url = url.rstrip("/")
        self.limits = limits
        SECRETS.register(secret, *route.secrets)
        for header in route.headers:
            if not header.is_public:
                SECRETS.register_header(header.value)
        self._route = route
        self._proxy = route.proxy_for(self.url)
        self._watches: set[Deadlines] = set()
        self._grace = FIRST_GRACE
        self._lock = threading.Lock()
        self._closed = False
        self._transport: Transport
        self._clock: KernelClock | None = None
        # What is in front of @ in a URL are credentials, which httpx knows how to send.
        if stamped and self._proxy.url is None and "@" not in urlsplit(url).netloc:
            transport = StampedTransport(self.url, limits)
            self._transport, self._clock = transport, transport.clock
        else:
            self._transport = HttpxTransport(limits, self._proxy)

    @property
    def times(self) -> str:
        """Say which times the arrivals so far have: a clause for a report."""
        if self._clock is None:
            through = " through a proxy" if self._proxy.url else ""
            return f"the times of reads{through}"
        if not self._clock.stamped:
            return "the times of reads, because the kernel gives no receive times"
        if self._clock.unstamped:
            reads = self._clock.stamped + self._clock.unstamped
            return (
                "the kernel's receive times, and the times of "
                f"{self._clock.unstamped} of {reads} reads, which had none"
            )
        return "the kernel's receive times"

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
        """Abort the exchanges in progress and close the HTTP client."""
        with self._lock:
            self._closed = True
            watches = tuple(self._watches)
        for watch in watches:
            watch.abort(STOPPED)
        self._transport.close()

    def record(self, probe: Probe, profile: Profile, request: Request) -> Exchange:
        """
        Send *request* and return the exchange; failures are part of it, not raised.

        Args:
            probe: The probe that *request* spells; `stream` and `hang_up_after` apply.
            profile: The profile under which the exchange will be read.
            request: What to send.
        """
        total_only = request.method == "POST" and not probe.stream
        limits = self.limits if probe.hang_up_after is None else _brief(self.limits)
        with self._transport.watch(limits, total_only=total_only) as watch:
            with self._lock:
                self._watches.add(watch)
            try:
                return self._record(probe, profile, request, watch)
            finally:
                with self._lock:
                    self._watches.discard(watch)

    def _excess(self, size: int, arrivals: int) -> str:
        """Return why a body is too large, or an empty string."""
        if size > self.limits.max_bytes:
            return f"the body is larger than {self.limits.max_bytes} bytes"
        if arrivals > self.limits.max_arrivals:
            return f"the body has more than {self.limits.max_arrivals} portions"
        return ""

    def _record(
        self, probe: Probe, profile: Profile, request: Request, watch: Deadlines
    ) -> Exchange:
        status: int | None = None
        headers: tuple[tuple[str, str], ...] = ()
        arrivals: list[Arrival] = []
        stream: EventStream | None = None
        size = 0
        end, note = End.COMPLETE, ""
        sent_at, began = time.time(), time.perf_counter()
        try:
            sent = Sent(
                request.method,
                self.url + request.path,
                self._headers(request),
                request.body,
            )
            with self._opened(sent, watch) as response:
                status = response.status
                headers = tuple(
                    (name.decode("latin-1").lower(), value.decode("latin-1"))
                    for name, value in response.headers
                )
                if media_type(_content_type(headers)) == EVENT_STREAM:
                    stream = EventStream()
                for data, received in response.portions:
                    progress = stream is None or stream.feed(data)
                    at = watch.arrived(progress=progress)
                    if received is not None:
                        at = received - watch.started
                    arrivals.append(Arrival(at, data))
                    size += len(data)
                    if stream is not None and stream.done and profile.dialect.done:
                        watch.expect_close(self._grace)
                    if probe.hang_up_after is not None and size >= probe.hang_up_after:
                        end, note = End.LEFT, "the probe hung up"
                        break
                    if note := self._excess(size, len(arrivals)):
                        end = End.TOO_LARGE
                        break
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            end, note = failure(
                error,
                self.url,
                answered=status is not None,
                connected=watch.connected,
                proxy=self._proxy.name,
            )
        elapsed = watch.elapsed()
        if reason := watch.stop():
            hung_up = probe.hang_up_after is not None and watch.connected
            end, note = (End.LEFT if hung_up else End.TIMEOUT), reason
        if stream is not None and watch.left_open:
            self._grace = GRACE
            end, note = End.OPEN, LEFT_OPEN
            elapsed = arrivals[stream.last_event].at
        return Exchange(
            probe=probe,
            profile=profile,
            request=Request(
                request.method,
                SECRETS.mask(request.path),
                redact_headers(request.headers),
                request.body,
            ),
            status=status,
            headers=redact_headers(headers),
            arrivals=mask_arrivals(tuple(arrivals), stream=stream is not None),
            end=end,
            note=SECRETS.mask(note),
            elapsed=elapsed,
            connecting=max(watch.started - began, 0.0),
            sent_at=sent_at,
            echoes=SECRETS.places(headers, (part.data for part in arrivals)),
        )

    @contextmanager
    def _opened(self, request: Sent, watch: Deadlines) -> Iterator[Response]:
        """Send *request* and yield its response, of which the body is to be read."""
        with ExitStack() as stack:
            try:
                response = stack.enter_context(self._transport.open(request, watch))
            except RuntimeError as error:
                if not self._closed:
                    raise
                # It was closed before this exchange was among those to abort.
                watch.abort(STOPPED)
                raise httpx.NetworkError(STOPPED) from error
            yield response

    def _headers(self, request: Request) -> tuple[tuple[bytes, bytes], ...]:
        """Return the headers of *request*, and those of the route that it lacks."""
        own = {name.lower() for name, _ in request.headers}
        added = [(header.name, header.value) for header in self._route.headers]
        added = [(name, value) for name, value in added if name.lower() not in own]
        headers = [*request.headers, *added]
        sent = {name.lower() for name, _ in headers}
        for name, value in _DEFAULTS:
            if name not in sent:
                headers.insert(0, (name, value))
        return tuple((name.encode(), value.encode()) for name, value in headers)


def _content_type(headers: tuple[tuple[str, str], ...]) -> str | None:
    """Return the content type among *headers*, joined as httpx joins several."""
    values = [value for name, value in headers if name == "content-type"]
    return ", ".join(values) if values else None


def mask_arrivals(
    arrivals: tuple[Arrival, ...], *, stream: bool = False
) -> tuple[Arrival, ...]:
    """
    Replace every secret by asterisks, even one that is split between arrivals.

    The same length keeps Content-Length and the size of every arrival correct.
    *stream* states whether they are an event stream.
    """
    body = b"".join(arrival.data for arrival in arrivals)
    masked = SECRETS.mask_bytes(body, stream=stream)
    if masked == body:
        return arrivals
    result, start = [], 0
    for arrival in arrivals:
        stop = start + len(arrival.data)
        result.append(Arrival(arrival.at, masked[start:stop]))
        start = stop
    return tuple(result)


def _brief(limits: Limits) -> Limits:
    """Return *limits* for a request that is left: it need not be answered first."""
    return replace(
        limits,
        first_byte=min(limits.first_byte, HANG_UP_SECONDS),
        between=min(limits.between, HANG_UP_SECONDS),
        total=min(limits.total, 2 * HANG_UP_SECONDS),
    )


def failure(
    error: Exception, url: str, *, answered: bool, connected: bool, proxy: str = ""
) -> tuple[End, str]:
    """
    Return how an exchange ended that failed with *error*, and a sentence about it.

    Where the failure shows what to do, that follows a semicolon.

    Args:
        error: What httpx raised.
        url: Root of the API.
        answered: Whether a status line had arrived.
        connected: Whether the TCP connection had been accepted.
        proxy: The proxy that was to be connected to, without its password.
    """
    host = urlsplit(url).netloc
    if proxy and not connected:
        host = f"the proxy {proxy}"
    if isinstance(error, httpx.ConnectTimeout):
        no_tls = f"did not finish the TLS handshake in time; {PLAIN_HTTP_ADVICE}"
        reason = no_tls if connected else "did not accept a connection in time"
        return End.TIMEOUT, f"{host} {reason}"
    if isinstance(error, httpx.TimeoutException):
        return End.TIMEOUT, f"{host} stopped reading or writing"
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        by_proxy = proxy and isinstance(error, httpx.ProxyError)
        return End.REFUSED, (
            _proxy_error(str(error), host, proxy)
            if by_proxy
            else _connection_error(error, host)
        )
    if isinstance(error, httpx.RemoteProtocolError):
        return End.RESET, _protocol_error(str(error), answered=answered)
    if isinstance(error, httpx.NetworkError | OSError):
        when = "in the middle of the response" if answered else "before the response"
        return End.RESET, f"the connection was reset {when}"
    return End.REFUSED, f"the request could not be sent: {_excerpt(str(error))}"


def _excerpt(text: str) -> str:
    """Return the beginning of *text*, masked first: a part of a key is not sought."""
    return SECRETS.mask(text)[:120]


def _connection_error(error: BaseException, host: str) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return f"the host name of {host} cannot be resolved (DNS)"
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens on {host} (connection refused)"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {host} is not trusted ({cause.verify_message}); "
                + CERTIFICATE_ADVICE.get(cause.verify_code, UNKNOWN_CA_ADVICE)
            )
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or "no reason given").replace("_", " ").lower()
            return f"TLS with {host} failed ({reason}); {PLAIN_HTTP_ADVICE}"
        cause = cause.__cause__ or cause.__context__
    return f"no connection to {host} ({_excerpt(str(error))})"


def _proxy_error(message: str, host: str, proxy: str) -> str:
    said = f"the proxy {proxy} did not connect to {host} ({_excerpt(message)})"
    if message.startswith(f"{HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}"):
        return f"{said}; write USER:PASSWORD@ before its host"
    return f"{said}; check the proxy, or name the host in NO_PROXY"


def _protocol_error(message: str, *, answered: bool) -> str:
    if "without sending a response" in message:
        return "the connection was closed before the response"
    if "peer closed connection" in message:
        return "the connection was closed in the middle of the response"
    where = "continues" if answered else "begins"
    return f"the response {where} with bytes that are not HTTP ({_excerpt(message)})"
