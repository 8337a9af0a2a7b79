"""Control of a running mock: `GET` and `PUT /__magistral__/faults`, from loopback."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from http import HTTPStatus

import orjson

from contract.errors import UsageError
from contract.mock_server.provider import MockProvider
from contract.model.chat import Json
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.model.wire import Request

PATH = "/__magistral__/faults"

Read = Callable[[Sequence[str]], Callable[[Reply], Reply] | None]
"""Names of faults, as `--fault` takes them -> the change; raises `UsageError`."""


class Control:
    """
    Reads and replaces the faults of a mock.

    Usage: `PUT /__magistral__/faults` with `{"faults": ["http-429?rate=0.5"]}`.
    """

    def __init__(self, read: Read, faults: Sequence[str] = ()) -> None:
        """*faults* are the names of those that the mock starts with."""
        self._read = read
        self._faults = list(faults)

    def answer(self, provider: MockProvider, request: Request, peer: str) -> Reply:
        """
        Return the answer to *request*, after its effect on *provider*.

        *peer* is the IP address of the client, which must be on this machine.
        """
        status, body = self._answer(provider, request, peer)
        return Reply(
            status=status,
            headers=(JSON_TYPE,),
            frames=(Frame(0.0, encode_json(body)),),
            dialect=provider.dialect,
            request=request,
        )

    def _answer(
        self, provider: MockProvider, request: Request, peer: str
    ) -> tuple[int, Json]:
        if not _is_loopback(peer):
            problem = "the faults can be changed from this machine only"
            return HTTPStatus.FORBIDDEN.value, {"error": problem}
        if request.method == "PUT":
            try:
                names = _names(request.body)
                provider.change = self._read(names)
            except UsageError as error:
                return HTTPStatus.BAD_REQUEST.value, {"error": str(error)}
            self._faults = names
        elif request.method != "GET":
            allowed = HTTPStatus.METHOD_NOT_ALLOWED.value
            return allowed, {"error": "use GET or PUT"}
        return HTTPStatus.OK.value, {"faults": list(self._faults)}


def _names(body: bytes) -> list[str]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"The body is not JSON: {error}.") from error
    names = value.get("faults") if isinstance(value, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError('The body must be {"faults": ["NAME", …]}.')
    if len(value) > 1:
        raise UsageError('The body must have no member other than "faults".')
    return names


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
