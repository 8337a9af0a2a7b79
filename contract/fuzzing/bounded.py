"""The bounds of `verify` for what Schemathesis reads: times, and bytes as sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from contract.client.timeouts import Limits

RUN_BYTES = 2**30  # bytes of all responses of one run, which Schemathesis keeps
_PORTION = 65_536  # bytes


BOUNDED = "MAGISTRAL_CONTRACT_BOUNDED"
"""The variable that makes the hooks call `bound_sessions`."""


@dataclass(slots=True)
class _Budget:
    """What all adapters together may still read."""

    left: int = RUN_BYTES  # bytes


_RUN = _Budget()


class BoundedAdapter(HTTPAdapter):
    """
    Sends the requests of a `requests.Session`, and reads their responses within bounds.

    Usage: `session.mount("http://", BoundedAdapter())`. Nothing is decompressed: the
    identity encoding is asked for, and a small body may become a large one. What
    exceeds a bound raises `requests.ConnectionError`, as a server that hangs up does.
    """

    def __init__(
        self, limits: Limits | None = None, budget: _Budget | None = None
    ) -> None:
        """Read each response within *limits*, and all of them within *budget*."""
        super().__init__()
        self.limits = limits or Limits()
        self._budget = budget or _RUN

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]  # its parameters are passed on
        """Send *request*; the parameters and the result are those of `HTTPAdapter`."""
        request.headers["Accept-Encoding"] = "identity"
        timeout = (self.limits.connect, self.limits.first_byte)
        deadline = time.monotonic() + self.limits.total
        response = super().send(request, **{**more, "timeout": timeout})
        raw, read, size = response.raw, response.raw.read1, 0

        def read1(amt: int | None = None, decode_content: bool | None = None) -> bytes:  # noqa: ARG001, FBT001  # as urllib3 calls it
            nonlocal size
            data: bytes = read(amt or _PORTION, decode_content=False)
            size += len(data)
            self._budget.left -= len(data)
            problem = self._excess(size, deadline)
            if data and problem:
                raw.close()
                raise requests.ConnectionError(problem)
            return data

        def stream(
            amt: int | None = None,
            decode_content: bool | None = None,  # noqa: FBT001  # as urllib3 calls it
        ) -> Iterator[bytes]:
            while data := read1(amt, decode_content):
                yield data

        raw.read1, raw.stream = read1, stream
        return response

    def _excess(self, size: int, deadline: float) -> str:
        if size > self.limits.max_bytes:
            return f"the body is larger than {self.limits.max_bytes} bytes"
        if time.monotonic() > deadline:
            return f"the response was not complete after {self.limits.total:g} s"
        if self._budget.left < 0:
            return "the responses of the run are too large together"
        return ""


def bound_sessions() -> None:
    """Make every `requests.Session` that this process creates read within bounds."""
    # A session mounts what it finds under this name.
    vars(requests.sessions)["HTTPAdapter"] = BoundedAdapter
