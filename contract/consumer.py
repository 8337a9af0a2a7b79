"""The mock in the tests of a client: httpx requests answered without a port."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
import respx
from respx.mocks import HTTPCoreMocker

from contract.catalog.answers import Given, read_answers
from contract.catalog.changes import Limits, read_changes
from contract.catalog.profiles import builtin
from contract.errors import UsageError
from contract.mock_server.httpx_stream import Frames
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import MockProvider
from contract.mock_server.replaying import ReplayingProvider
from contract.model.reply import spelled
from contract.model.wire import Request
from contract.run.recording import load_one
from contract.targets.mock import build

URL = "https://api.mistral.ai"
_CORE = "contract.httpcore"  # extension of a request: the transport library it is of


class Router(respx.MockRouter):
    """
    A respx router that answers like a server; `faults` can be set while it runs.

    Usage: `router.faults = ["http-503"]`, and `router.faults = []` once the server is
    to be well again. `router.calls` are the requests that the client sent.
    """

    def __init__(
        self,
        provider: MockProvider,
        url: str,
        faults: Sequence[str],
        limits: Limits,
        prefix: str = "",
    ) -> None:
        """
        Answer requests to *url* like *provider*, with *faults* under *limits*.

        *prefix* is the part of its path that the server does not see.
        """
        super().__init__(base_url=url.rstrip("/"), assert_all_called=False)
        self._provider = provider
        self._prefix = prefix
        self._limits = limits
        self.faults = faults
        self.route().mock(side_effect=self._answer)

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults of the server, as the option `fault` takes them."""
        return self._faults

    @faults.setter
    def faults(self, names: Sequence[str]) -> None:
        self._faults = (names,) if isinstance(names, str) else tuple(names)
        self._provider.change = read_changes(self._faults, limits=self._limits)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        reply = self._provider.reply(
            Request(
                request.method,
                request.url.raw_path.decode("ascii").removeprefix(self._prefix),
                tuple((k.lower(), v) for k, v in request.headers.items()),
                request.read(),
            )
        )
        timeouts = request.extensions.get("timeout", {})
        core = request.extensions.get(_CORE, httpcore)
        return httpx.Response(
            reply.status,
            headers=list(reply.headers),
            stream=Frames(spelled(reply).frames, reply.end, timeouts.get("read"), core),
            request=request,
        )


def _prefix(url: str) -> str:
    """
    Return the path before `/v1` of the root *url*, as of a gateway; mostly "".

    Raises `UsageError` if no client can ask for *url*.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(
            f"No client asks for {url!r}; write the root of the API with http:// or "
            "https:// before its host, as in url='http://llm.test'."
        )
    return parts.path.rstrip("/").removesuffix("/v1")


@contextmanager
def mocked(  # noqa: PLR0913  # each parameter is an option of the mock
    dialect: str = "mistral",
    *,
    url: str = URL,
    fault: str | Sequence[str] | None = None,
    when: Collection[str] = (),
    every: int = 1,
    rate: float | None = None,
    answers: Given | None = None,
    key: str | None = None,
    window: int | None = None,
    models: tuple[str, ...] = (),
    ttft: float = 0.0,
    icl: float = 0.0,
    seed: int = 0,
    replay: str | Path | None = None,
    ignore: Sequence[str] = (),
) -> Iterator[Router]:
    """
    Answer every request of httpx or httpx2 to *url* like a server of *dialect*.

    Engine, token counts, rejections and faults are those of `magistral-contract
    serve`. Nothing sleeps: a pause that is longer than the client's time-out for
    reading is that time-out, at once, and a shorter one is skipped.

    Args:
        dialect: The id or the alias of a built-in profile.
        url: The root of the API, without `/v1`; other requests are not affected.
        fault: The name of a fault, outage, quirk or breakage of the mock, with options
            as in "http-429?rate=0.1&retry-after=7"; or several names.
        when: Features of the requests that the faults are limited to, such as
            "streamed" or "tools"; all of them must hold (`contract.CONDITIONS`).
        every: Of the chats where a fault strikes, every how many-th has it.
        rate: The share of those chats that have it, from 0 to 1.
        answers: Custom answers, which come before the built-in ones: a TOML file, a
            dict such as `{"frog": "Quack."}`, or a list of dicts with the keys of
            `[[answers]]` in that file.
        key: The API key to require; none by default.
        window: The context window in tokens; the profile's by default.
        models: The names of the served models; those of the dialect by default.
        ttft: Seconds until the first text.
        icl: Seconds between successive texts.
        seed: The seed of sampled answers, and of the chats that a rate hits.
        replay: The folder of a recording (`proxy --save`, `verify --save`) whose
            replies are given in place of the mock's; of the other options only url,
            fault and its limits apply. What was not recorded gets a 404.
        ignore: With *replay*, members of request bodies that do not matter.

    Yields the respx router; its `calls` are the requests that the client sent, and its
    `faults` can be set. Raises `UsageError` if the dialect, a fault, a condition or an
    answer is wrong.
    """
    prefix = _prefix(url)
    if replay is not None:
        provider: MockProvider = replaying(replay, ignore=ignore)
    else:
        provider = build(
            dialect,
            models=models,
            window=window,
            key=key,
            plan=LatencyPlan(ttft, icl),
            seed=seed,
            answers=None if answers is None else read_answers(answers),
        )
    limits = Limits(when=when, every=every, rate=rate, seed=seed)
    faults = (fault,) if isinstance(fault, str) else fault or ()
    router = Router(provider, url, faults, limits, prefix)
    with router, _httpx2(router):
        yield router


def replaying(
    directory: str | Path, *, speed: float = 1.0, ignore: Sequence[str] = ()
) -> ReplayingProvider:
    """
    Return a server that answers from the recording in the folder *directory*.

    *speed* is how many times faster than recorded (0 without any pause), *ignore* are
    members of request bodies that do not matter. Raises `UsageError` if the recording
    cannot be read.
    """
    recorded = load_one(Path(directory), builtin())
    return ReplayingProvider(
        recorded.profile, recorded.exchanges.values(), speed=speed, ignore=ignore
    )


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
    try:
        import httpcore2  # noqa: PLC0415  # a dependency of httpx2 only
    except ImportError:
        return None

    class Mocker(HTTPCoreMocker):
        """Patches httpcore2 like httpcore, whose responses are compatible."""

        name = "magistral-contract-httpcore2"
        targets = [  # noqa: RUF012  # respx's class variable
            target.replace("httpcore.", "httpcore2.", 1)
            for target in HTTPCoreMocker.targets
        ]

        @classmethod
        def to_httpx_request(cls, **kwargs: Any) -> httpx.Request:
            """Return the request, with the library whose exceptions it can raise."""
            request: httpx.Request = super().to_httpx_request(**kwargs)  # type: ignore[no-untyped-call]  # respx has no types here
            request.extensions = {**request.extensions, _CORE: httpcore2}
            return request

    return Mocker
