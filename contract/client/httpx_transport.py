"""The transport of httpx, which takes every proxy; its times are those of the reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from contract.client.route import Proxy
from contract.client.timeouts import Deadlines, Limits, Watchdog
from contract.client.transport import Response, Sent


class HttpxTransport:
    """
    Sends with httpx, without pooled connections, retries, redirects and cookies.

    Usage: `transport.open(request, transport.watch(limits, total_only=False))`, as
    `contract.client.transport.Transport` describes it.
    """

    def __init__(self, limits: Limits, proxy: Proxy) -> None:
        """Open no connection yet; every request goes through *proxy*, if it has one."""
        self._client = httpx.Client(
            follow_redirects=False,
            timeout=httpx.Timeout(limits.total, connect=limits.connect, pool=None),
            # With a transport of its own, httpx looks for no proxy in the environment.
            transport=httpx.HTTPTransport(
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
                proxy=proxy.url,
            ),
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        """Close the HTTP client."""
        self._client.close()

    @staticmethod
    def watch(limits: Limits, *, total_only: bool) -> Deadlines:
        """Return a thread that breaks connections: httpx only bounds single reads."""
        return Watchdog(limits, total_only=total_only)

    @contextmanager
    def open(self, request: Sent, deadlines: Deadlines) -> Iterator[Response]:
        """Send *request* and yield its response."""

        def trace(event: str, info: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                deadlines.attach(info["return_value"].get_extra_info("socket"))
            elif event == "http11.send_request_headers.started":
                deadlines.sending()
            elif event == "http11.send_request_body.complete":
                deadlines.sent()

        built = self._client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.body,
            extensions={"trace": trace},
        )
        with closing(self._client.send(built, stream=True)) as response:
            yield Response(
                response.status_code,
                tuple(response.headers.raw),
                ((data, None) for data in response.iter_raw()),
            )
