"""The mock in the tests of a client: httpx requests answered without a port."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec

import httpx
import respx
from respx.mocks import HTTPCoreMocker

from contract.catalog.profiles import named
from contract.errors import UsageError
from contract.mock_server.httpx_stream import Frames
from contract.mock_server.provider import MockProvider, served_models
from contract.model.conditions import conditional
from contract.model.wire import Request
from contract.plugins.discovery import suggestion
from contract.run.opening import reply_changes
from contract.targets.base import ReplyChange

URL = "https://api.mistral.ai"


@contextmanager
def mocked(  # noqa: PLR0913  # each parameter is an option of the mock
    dialect: str = "mistral",
    *,
    url: str = URL,
    fault: str | None = None,
    when: Collection[str] = (),
    every: int = 1,
    key: str | None = None,
    window: int | None = None,
    models: tuple[str, ...] = (),
    seed: int = 0,
) -> Iterator[respx.MockRouter]:
    """
    Answer every request of httpx or httpx2 to *url* like a server of *dialect*.

    Engine, token counts, rejections and faults are those of `magistral-contract
    serve`. Latencies are not simulated: nothing sleeps.

    Args:
        dialect: The id or the alias of a built-in profile.
        url: The root of the API, without `/v1`; other requests are not affected.
        fault: The name of a fault, quirk or breakage of the mock.
        when: Features of the requests that the fault is limited to, such as "streamed"
            or "tools"; all of them must hold (`contract.CONDITIONS`).
        every: Of the chats where the fault strikes, every how many-th has it.
        key: The API key to require; none by default.
        window: The context window in tokens; the profile's by default.
        models: The names of the served models; those of the dialect by default.
        seed: The seed of sampled answers.

    Yields the respx router; its `calls` are the requests that the client sent. Raises
    `UsageError` if the dialect, the fault or a condition is unknown.
    """
    change = None
    if fault is not None:
        change = conditional(_change_named(fault), when=when, every=every)
    profile = named(dialect, what="dialect")
    provider = MockProvider(
        profile.dialect,
        models=models or served_models(profile.dialect),
        context_window=profile.context_window if window is None else window,
        api_key=key,
        change=change,
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
        with _httpx2(router):
            yield router


@contextmanager
def _httpx2(router: respx.MockRouter) -> Iterator[None]:
    """Let *router* answer httpx2 too, if it is installed; respx supports httpx only."""
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
    """Return a respx mocker for httpcore2, which httpx2 uses; None without it."""
    if find_spec("httpcore2") is None:
        return None

    class Mocker(HTTPCoreMocker):
        """Patches httpcore2 like httpcore, whose responses are compatible."""

        name = "magistral-contract-httpcore2"
        targets = [  # noqa: RUF012  # respx's class variable
            target.replace("httpcore.", "httpcore2.", 1)
            for target in HTTPCoreMocker.targets
        ]

    return Mocker


def _change_named(fault: str) -> ReplyChange:
    """Return the fault, quirk or breakage named *fault*."""
    known = reply_changes()
    if fault not in known:
        raise UsageError(f"Unknown fault {fault!r}{suggestion(fault, known)}")
    return known[fault]
