"""A server that answers from a recording: the same bytes, at the same times."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from contract.mock_server.matching import LOCAL_URL, Miss, Recorded
from contract.mock_server.provider import MockProvider
from contract.model.chat import Json
from contract.model.exchange import End, Exchange
from contract.model.profile import Profile
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.model.wire import Request

PATH = "/__magistral__/replay"
MOST_MISSES = 1_000  # different ones that are listed
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_VALUES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Of the connection that was recorded, not of the one that is answered on.
_OF_THE_CONNECTION = frozenset({"keep-alive", "proxy-connection", "te", "upgrade"})
_ENDS = {
    End.COMPLETE: End.COMPLETE,
    End.TIMEOUT: End.TIMEOUT,
    End.OPEN: End.OPEN,
}


class ReplayingProvider(MockProvider):
    """
    A mock whose replies are those of a recording.

    What was not recorded gets the dialect's error with status 404, which names the
    nearest recorded request and the first difference. `GET /__magistral__/replay` lists
    such misses, and `DELETE` begins again with the first reply of each request.

    Usage: `serving(ReplayingProvider(profile, exchanges))`.
    """

    def __init__(
        self,
        profile: Profile,
        exchanges: Iterable[Exchange],
        *,
        speed: float = 1.0,
        ignore: Sequence[str] = (),
    ) -> None:
        """
        Answer like the server of *profile*.

        Args:
            profile: The profile of the recording; its dialect words the errors.
            exchanges: What was recorded, in order.
            speed: How many times faster than recorded; 0 is without any pause.
            ignore: Members of request bodies that do not matter.
        """
        super().__init__(profile.dialect)
        self._recorded = Recorded(exchanges, ignore)
        self._speed = speed
        self._misses: Counter[tuple[str, str, str, str]] = Counter()
        self._answered = self._missed = 0
        # Clients of a test may call from several threads.
        self._turn = threading.Lock()

    def reply(self, request: Request, number: int | None = None) -> Reply:  # noqa: ARG002  # as the mock's
        """Return the recorded reply to *request*, or an error."""
        path = request.path.partition("?")[0]
        if path == PATH:
            return self._control(request)
        with self._turn:
            found = self._recorded.find(request)
            if isinstance(found, Miss):
                self._missed += 1
                place = request.method, path, found.nearest, found.difference
                if place in self._misses or len(self._misses) < MOST_MISSES:
                    self._misses[place] += 1
            else:
                self._answered += 1
        if isinstance(found, Miss):
            return self.refused(request, _rejection(found))
        return self.changed(self._replayed(found, request))

    @property
    def misses(self) -> int:
        """The number of requests that were not in the recording."""
        return self._missed

    def summary(self) -> dict[str, Json]:
        """Return what `GET /__magistral__/replay` answers."""
        with self._turn:
            return {
                "recorded": len(self._recorded),
                "answered": self._answered,
                "missed": self._missed,
                "misses": [
                    {
                        "method": method,
                        "path": path,
                        "nearest": nearest,
                        "difference": difference,
                        "count": count,
                    }
                    for (method, path, nearest, difference), count in (
                        self._misses.items()
                    )
                ],
                "unused": [*self._recorded.unused],
            }

    def _control(self, request: Request) -> Reply:
        status = HTTPStatus.OK
        body = self.summary()
        if request.method == "DELETE":
            with self._turn:
                self._recorded.reset()
                self._misses.clear()
                self._answered = self._missed = 0
        elif request.method != "GET":
            status = HTTPStatus.METHOD_NOT_ALLOWED
            body = {"error": "use GET or DELETE"}
        return Reply(
            status=status.value,
            headers=(JSON_TYPE,),
            frames=(Frame(0.0, encode_json(body)),),
            dialect=self.dialect,
            request=request,
        )

    def _replayed(self, exchange: Exchange, request: Request) -> Reply:
        pace = self._speed
        return Reply(
            status=exchange.status or 0,
            headers=tuple(
                (name, _NOT_IN_VALUES.sub("", _as_utf8(value)))
                for name, value in exchange.headers
                if name not in _OF_THE_CONNECTION and _TOKEN.fullmatch(name)
            ),
            frames=tuple(
                Frame(arrival.at / pace if pace else 0.0, arrival.data)
                for arrival in exchange.arrivals
            ),
            end=_ENDS.get(exchange.end, End.RESET),
            visits=_visits(exchange, request),
            dialect=self.dialect,
            request=request,
        )


def _visits(exchange: Exchange, request: Request) -> tuple[str, ...]:
    """Return the URLs in *request*, on this machine, that the server fetched."""
    text = request.body.decode("latin-1") if exchange.visits else ""
    found = LOCAL_URL.search(text)
    paths = exchange.visits or ()
    return tuple(found[0] + path for path in paths) if found is not None else ()


def _as_utf8(value: str) -> str:
    """Return a header value as text; it was read as Latin-1, and is sent as UTF-8."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


def _rejection(miss: Miss) -> Rejection:
    nearest = f" Nearest is the request {miss.nearest}." if miss.nearest else ""
    return Rejection(
        reason=RejectionReason.FAILURE,
        status=HTTPStatus.NOT_FOUND.value,
        message=f"This request is not in the recording.{nearest} {miss.difference}. "
        f"GET {PATH} lists all that were missing.",
    )
