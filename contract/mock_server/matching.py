"""Recorded exchanges by request: which of them answers one, and what is the nearest."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from contract.model.chat import Json
from contract.model.check import shorten
from contract.model.exchange import End, Exchange
from contract.model.probe import CANARY
from contract.model.redaction import HIDDEN_HEADERS, REDACTED
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import Request

# Servers on this machine whose URL is in a request have another port in each run.
LOCAL_URL = re.compile(r"http://127\.0\.0\.1:\d+|" + re.escape(CANARY))
# Headers that say nothing about the reply, or differ from run to run.
_IGNORED = HIDDEN_HEADERS | {
    *("host", "content-length", "connection", "via", "date", "traceparent"),
    *("tracestate", "x-request-id"),
}
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_MOST_COMPARED = 500  # recorded requests that are compared to find the nearest
_MOST_DEPTH = 64
_LISTED = 8  # routes that a message names


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a request is not answered from a recording."""

    # The name of the nearest recorded request; empty if none is like it.
    nearest: str
    # The first difference, as a sentence.
    difference: str


class Recorded:
    """
    The exchanges of a recording, to be found by a request.

    Requests are the same if method, path and body are; of a body that is JSON, white
    space and the order of members do not matter, nor do the members to ignore, nor the
    port of a URL on 127.0.0.1. `stream` always matters. Where several exchanges remain,
    those with the same bytes, then the most similar headers, then the same access to
    the API (no key, a key that was refused, another) come first. What is left is
    answered in the order of the recording; the last one repeats. An exchange that the
    client left is used only where there is no other.

    Usage: `Recorded(exchanges).find(request)`.
    """

    def __init__(
        self, exchanges: Iterable[Exchange], ignore: Sequence[str] = ()
    ) -> None:
        """*ignore* are members of the request body that do not matter."""
        self._ignore = frozenset(ignore) - {"stream"}
        self._all = tuple(exchanges)
        self._by_request: dict[tuple[str, str, str], list[int]] = {}
        for number, exchange in enumerate(self._all):
            key = self._key(exchange.request)
            self._by_request.setdefault(key, []).append(number)
        self._turns: Counter[tuple[int, ...]] = Counter()
        self._served: Counter[int] = Counter()
        # The first key that a client sent; others are those that may be refused.
        self._given = ""

    def __len__(self) -> int:
        return len(self._all)

    @property
    def unused(self) -> tuple[str, ...]:
        """The names of the requests that no reply was taken from."""
        return tuple(
            exchange.probe.name
            for number, exchange in enumerate(self._all)
            if not self._served[number]
        )

    def reset(self) -> None:
        """Begin again with the first of the exchanges of each request."""
        self._turns.clear()
        self._served.clear()

    def find(self, request: Request) -> Exchange | Miss:
        """Return the exchange that answers *request* now, or why none does."""
        numbers = self._by_request.get(self._key(request))
        if numbers is None:
            return self._nearest(request)
        chosen = self._chosen(request, numbers)
        turn = self._turns[chosen]
        self._turns[chosen] += 1
        number = chosen[min(turn, len(chosen) - 1)]
        self._served[number] += 1
        return self._all[number]

    def _chosen(self, request: Request, numbers: list[int]) -> tuple[int, ...]:
        """Return which of *numbers* are most like *request*, in their order."""
        access = self._access_of(request)
        found = _preferred(numbers, lambda n: self._all[n].request.body == request.body)
        headers = _headers(request)
        distances = {n: len(headers ^ _headers(self._all[n].request)) for n in found}
        least = min(distances.values())
        found = [n for n in found if distances[n] == least]
        found = _preferred(found, lambda n: _access(self._all[n]) == access)
        return tuple(_preferred(found, lambda n: self._all[n].end is not End.LEFT))

    def _access_of(self, request: Request) -> str:
        key = _key_in(request)
        if not key:
            return "none"
        self._given = self._given or key
        return "given" if key == self._given else "refused"

    def _key(self, request: Request) -> tuple[str, str, str]:
        _, mark, query = request.path.partition("?")
        # Servers get the path without percent-encoding.
        path = _path(request)
        query = "&".join(sorted(query.split("&"))) if mark else ""
        body = read_json(request.body) if request.body else MISSING
        if body is MISSING:
            return request.method, f"{path}?{query}", request.body.decode("latin-1")
        text = json.dumps(
            self._without(body),  # type: ignore[arg-type]  # it is not MISSING
            sort_keys=True,
            separators=(",", ":"),
        )
        return request.method, f"{path}?{query}", LOCAL_URL.sub(CANARY, text)

    def _without(self, body: Json) -> Json:
        if not isinstance(body, dict) or not self._ignore:
            return body
        return {name: v for name, v in body.items() if name not in self._ignore}

    def _nearest(self, request: Request) -> Miss:
        path = _path(request)
        route = f"{request.method} {path}"
        same = [
            one
            for one in self._all
            if one.request.method == request.method and _path(one.request) == path
        ]
        if not same:
            routes = dict.fromkeys(
                f"{e.request.method} {_path(e.request)}" for e in self._all
            )
            listed = ", ".join([*routes][:_LISTED]) or "nothing"
            return Miss("", f"No request to {route} was recorded, only {listed}")
        wanted = self._content(request)
        best = min(
            same[:_MOST_COMPARED],
            key=lambda one: _distance(wanted, self._content(one.request)),
        )
        found = next(_differences(wanted, self._content(best.request), ""), None)
        if found is None:
            return Miss(
                best.probe.name,
                f"The path is {request.path!r}, and {best.request.path!r} was recorded",
            )
        place, mine, recorded = found
        return Miss(
            best.probe.name,
            f"At {place or 'the body'} the request has {_shown(mine)}, and "
            f"{_shown(recorded)} was recorded",
        )

    def _content(self, request: Request) -> object:
        body = read_json(request.body) if request.body else MISSING
        if body is MISSING:
            return request.body.decode("latin-1")
        return self._without(body)  # type: ignore[arg-type]  # it is not MISSING


def _path(request: Request) -> str:
    return unquote(request.path.partition("?")[0])


def _preferred(numbers: Sequence[int], wanted) -> list[int]:  # type: ignore[no-untyped-def]
    return [n for n in numbers if wanted(n)] or [*numbers]


def _headers(request: Request) -> frozenset[tuple[str, str]]:
    return frozenset(
        (name.lower(), value)
        for name, value in request.headers
        if name.lower() not in _IGNORED and not name.lower().startswith("x-stainless-")
    )


def _key_in(request: Request) -> str:
    """Return the key that *request* carries, whatever its form; "" without one."""
    for name in ("authorization", "x-api-key", "api-key"):
        value = (request.header(name) or "").strip()
        if not value:
            continue
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(rest, validate=True).decode().partition(":")[2]
            except (ValueError, binascii.Error):
                return rest
        return rest.strip() or value
    return ""


def _access(exchange: Exchange) -> str:
    """Return how a recorded request was let in: none, refused, given."""
    hidden = any(
        value == REDACTED and name in HIDDEN_HEADERS
        for name, value in exchange.request.headers
    )
    if not hidden:
        return "none"
    return "refused" if exchange.status in _REFUSED else "given"


Difference = tuple[str, object, object]


def _differences(
    one: object, other: object, place: str, depth: int = 0
) -> Iterator[Difference]:
    """Yield where two JSON values differ: a JSON Pointer, and both values there."""
    if type(one) is type(other) and one == other:
        return
    if depth > _MOST_DEPTH:
        yield place, one, other
    elif isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            key = str(name).replace("~", "~0").replace("/", "~1")
            yield from _differences(
                one.get(name, MISSING),
                other.get(name, MISSING),
                f"{place}/{key}",
                depth + 1,
            )
    elif isinstance(one, list) and isinstance(other, list):
        for number in range(max(len(one), len(other))):
            mine = one[number] if number < len(one) else MISSING
            theirs = other[number] if number < len(other) else MISSING
            yield from _differences(mine, theirs, f"{place}/{number}", depth + 1)
    else:
        yield place, one, other


def _distance(one: object, other: object) -> float:
    """Return how far two bodies differ: the number of places, a little by the words."""
    total = 0.0
    for number, (_, mine, theirs) in enumerate(_differences(one, other, "")):
        total += 1.0
        if isinstance(mine, str) and isinstance(theirs, str):
            same = next(
                (
                    i
                    for i, (a, b) in enumerate(zip(mine, theirs, strict=False))
                    if a != b
                ),
                min(len(mine), len(theirs)),
            )
            total -= 0.5 * same / max(len(mine), len(theirs), 1)
        if number > _MOST_COMPARED:
            break
    return total


def _shown(value: object) -> str:
    if value is MISSING:
        return "nothing"
    return shorten(json.dumps(value, ensure_ascii=False))
