"""The scripted provider inside a consumer's tests: httpx answered without a port."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec

import httpx
import respx
from respx.mocks import HTTPCoreMocker

from contract.catalog.profiles import named
from contract.errors import UsageError
from contract.mock_server.httpx_stream import Frames
from contract.mock_server.provider import (
    MockProvider,
    served_models,
)
from contract.model.wire import Request
from contract.plugins.discovery import suggestion
from contract.run.verification import reply_changes
from contract.targets.base import ReplyChange

URL = "https://api.mistral.ai"


@contextmanager
def mocked(  # noqa: PLR0913  # the options of the mock, all but one by name
    dialect: str = "mistral",
    *,
    url: str = URL,
    fault: str | None = None,
    key: str | None = None,
    window: int | None = None,
    models: tuple[str, ...] = (),
    seed: int = 0,
) -> Iterator[respx.MockRouter]:
    """
    Answer every request of httpx or httpx2 to *url* as *dialect*'s provider would.

    The same engine, token counts, refusals and faults as `magistral-contract serve`,
    without its latencies: nothing sleeps. *window* is its context window in tokens,
    by default the one its profile promises. *fault* names a fault, quirk or breakage.
    Yields the respx router, whose `calls` are what the consumer sent. Raises
    `UsageError` for an unknown dialect or fault.
    """
    bent = None if fault is None else _named(fault)
    promised = named(dialect, what="dialect")
    spoken = promised.dialect
    provider = MockProvider(
        spoken,
        models=models or served_models(spoken),
        context_window=promised.context_window if window is None else window,
        api_key=key,
        change=bent,
        clock=time.time,
        seed=seed,
    )

    def answer(request: httpx.Request) -> httpx.Response:
        reply = provider.reply(
            Request(
                request.method,
                request.url.raw_path.decode("ascii"),
                tuple((k.lower(), v) for k, v in request.headers.items()),
                request.read(),
            )
        )
        return httpx.Response(
            reply.status,
            headers=list(reply.headers),
            stream=Frames(reply.frames),
            request=request,
        )

    with respx.mock(base_url=url.rstrip("/"), assert_all_called=False) as router:
        router.route().mock(side_effect=answer)
        with _successor(router):
            yield router


@contextmanager
def _successor(router: respx.MockRouter) -> Iterator[None]:
    """Let *router* answer httpx2 too, where it is installed; respx knows httpx only."""
    mocker = _mocker()
    if mocker is None:
        yield
        return
    mocker.register(router)
    mocker.start()
    try:
        yield
    finally:
        mocker.unregister(router)
        mocker.stop()


@cache
def _mocker() -> type[HTTPCoreMocker] | None:
    """How respx reaches httpcore, for the fork below httpx2; None without it."""
    if find_spec("httpcore2") is None:
        return None

    class Mocker(HTTPCoreMocker):
        """The same places, in the fork; it takes the responses of its origin."""

        name = "magistral-contract-httpcore2"
        targets = [  # noqa: RUF012  # respx's class variable
            place.replace("httpcore.", "httpcore2.", 1)
            for place in HTTPCoreMocker.targets
        ]

    return Mocker


def _named(fault: str) -> ReplyChange:
    known = reply_changes()
    if fault not in known:
        raise UsageError(f"Unknown fault {fault!r}{suggestion(fault, known)}")
    return known[fault]
