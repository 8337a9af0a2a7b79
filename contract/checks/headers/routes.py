"""Route checks: unusual methods and paths, HEAD requests and CORS preflights."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import unquote

from contract.checks.judging.rejection import status_and_body
from contract.model.chat import CHAT, MODELS
from contract.model.check import ANY, Finding, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import KeyMode, Probe
from contract.model.reply import Frame, Reply
from contract.portable.requirement import decided
from contract.portable.schemas import NOT_EMPTY, anything_but, at_least, has, matching

SUCCESS = range(200, 300)
FOREIGN_ORIGIN = "https://client.example"
HEAD = Probe(name="head", method="HEAD", path=MODELS, reasons=False)
# Browsers send this before they let a page of another origin send its request.
PREFLIGHT = Probe(
    name="preflight",
    method="OPTIONS",
    path=CHAT,
    headers=(
        ("origin", FOREIGN_ORIGIN),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, content-type"),
    ),
    key=KeyMode.NONE,
    reasons=False,
)
_ORIGIN = "access-control-allow-origin"
_ALLOWED = has(headers=has(**{_ORIGIN: NOT_EMPTY}))
METHODS = (
    PREFLIGHT,
    *(
        Probe(name=f"{method}-chat".lower(), method=method, path=CHAT, reasons=False)
        for method in ("PUT", "PATCH", "DELETE")
    ),
    Probe(name="delete-models", method="DELETE", path=MODELS, reasons=False),
)
PATHS = tuple(
    Probe(name=f"path-{name}", method="GET", path=path, reasons=False)
    for name, path in (
        ("with-slash", f"{MODELS}/"),
        ("with-two-slashes", "/v1//models"),
        ("with-nul", f"{MODELS}/%00"),
        ("not-utf8", f"{MODELS}/%FF%FE"),
        ("upwards", f"{MODELS}/..%2F..%2Fetc%2Fpasswd"),
        ("long", f"{MODELS}/{'m' * 2_000}"),
    )
)


def _not_failed(exchange: Exchange, allowed: frozenset[int] = frozenset()) -> Findings:
    status = exchange.status or 0
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in allowed:
        yield Finding(
            "the server failed instead of rejecting the request",
            expected="a status below 500",
            actual=status_and_body(exchange),
            at=f"{exchange.request.method} {exchange.request.path[:60]}",
        )


@check(
    "headers.any-method",
    "An unsupported method MUST NOT be answered with a 5xx status other than 501.",
    source="RFC 9110 §9.1 and §15.6",
    sends=METHODS,
    expects=ANY,
)
def any_method(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _not_failed(exchange, frozenset({HTTPStatus.NOT_IMPLEMENTED}))


def _crashed(reply: Reply) -> Reply:
    crashed = reply.with_header("content-type", "text/plain; charset=utf-8")
    crashed = crashed.with_status(HTTPStatus.INTERNAL_SERVER_ERROR)
    return crashed.with_frames(
        Frame(frame.at, b"Internal Server Error") for frame in reply.frames[:1]
    )


@fault(breaks=any_method)
def method_without_handler(reply: Reply) -> Reply:
    """The router matches the path and calls a handler that the method lacks."""
    request = (reply.request.method, reply.request.path)
    if request in {(probe.method, probe.path) for probe in METHODS}:
        return _crashed(reply)
    return reply


@check(
    "headers.any-path",
    "An unknown path MUST NOT be answered with a status of 500 or more.",
    source="RFC 9110 §15.5.5 and §15.6",
    sends=PATHS,
    expects=ANY,
)
def any_path(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _not_failed(exchange)


@fault(breaks=any_path)
def path_decoded_twice(reply: Reply) -> Reply:
    """A path that is not valid text after decoding raises an uncaught exception."""
    # An ASGI server may have decoded the path already.
    encoded = [probe.path for probe in PATHS if "%" in probe.path]
    affected = {*encoded, *map(unquote, encoded)}
    return _crashed(reply) if reply.request.path in affected else reply


@check(
    "headers.head-is-no-failure",
    "A HEAD request MUST NOT be answered with a status of 500 or more.",
    source="RFC 9110 §9.1: servers support GET and HEAD",
    sends=HEAD,
    expects=ANY,
)
@decided(has(status=anything_but(at_least(500))))
def head_is_no_failure(exchange: Exchange) -> Findings:
    """Monitoring tools send HEAD requests, and need a 405 rather than a 500."""
    yield from _not_failed(exchange)


@fault(breaks=head_is_no_failure)
def head_without_body_crashes(reply: Reply) -> Reply:
    """The middleware measures every response body and crashes where HEAD has none."""
    return _crashed(reply) if reply.request.method == "HEAD" else reply


def _allowed(exchange: Exchange) -> str:
    """Return the origin that a response allows; raise `NotApplicable` without one."""
    origin = exchange.header("access-control-allow-origin")
    if not origin:
        raise NotApplicable("no other origin is allowed")
    return origin


@check(
    "headers.preflight-is-consistent",
    "A preflight response that allows the origin MUST have a 2xx status.",
    source="https://fetch.spec.whatwg.org/#cors-preflight-fetch: an ok status",
    sends=PREFLIGHT,
    expects=ANY,
)
@decided(has(status={"type": "integer", "minimum": 200, "maximum": 299}), when=_ALLOWED)
def preflight_is_consistent(exchange: Exchange) -> Findings:
    """Browsers send no key with a preflight, so a 401 here locks out every page."""
    origin = _allowed(exchange)
    if exchange.status not in SUCCESS:
        yield Finding(
            "the preflight allows the origin but fails",
            expected="a status from 200 to 299",
            actual=f"status {exchange.status}, access-control-allow-origin: {origin}",
            at=f"OPTIONS {CHAT}",
        )


def _allowing(reply: Reply, *, status: int, **headers: str) -> Reply:
    """
    Return the reply to a preflight, changed to allow `FOREIGN_ORIGIN`.

    *status* replaces the status; *headers* are added, with `_` for `-` in their names.
    """
    if reply.request.method != "OPTIONS":
        return reply
    reply = reply.with_status(status)
    reply = reply.with_header("access-control-allow-origin", FOREIGN_ORIGIN)
    for name, value in headers.items():
        reply = reply.with_header(name.replace("_", "-"), value)
    return reply


@fault(breaks=preflight_is_consistent)
def preflight_asked_for_a_key(reply: Reply) -> Reply:
    """Authentication runs before the preflight, with which browsers send no key."""
    return _allowing(reply, status=HTTPStatus.UNAUTHORIZED)


@check(
    "headers.strangers-get-no-credentials",
    "A page of an unknown origin SHOULD NOT be allowed to send credentials.",
    source="CWE-942; https://fetch.spec.whatwg.org/#cors-protocol-and-credentials",
    sends=PREFLIGHT,
    expects=ANY,
)
@decided(
    anything_but(
        has(
            headers=has(
                **{
                    _ORIGIN: FOREIGN_ORIGIN,
                    "access-control-allow-credentials": matching(
                        "^ *[Tt][Rr][Uu][Ee] *$"
                    ),
                }
            )
        )
    ),
    when=_ALLOWED,
)
def strangers_get_no_credentials(exchange: Exchange) -> Findings:
    origin = _allowed(exchange)
    granted = exchange.header("access-control-allow-credentials") or ""
    if origin == FOREIGN_ORIGIN and granted.strip().lower() == "true":
        yield Finding(
            "any web page may send the credentials of its visitors",
            expected="no access-control-allow-credentials",
            actual=f"{granted} for the unknown origin {origin}",
            at=f"OPTIONS {CHAT}",
        )


@fault(breaks=strangers_get_no_credentials)
def origin_reflected(reply: Reply) -> Reply:
    """Any Origin header is echoed, and credentials are allowed."""
    return _allowing(
        reply,
        status=HTTPStatus.NO_CONTENT,
        access_control_allow_credentials="true",
    )
