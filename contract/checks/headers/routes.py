"""Methods, paths and origins that clients try without meaning harm."""

from __future__ import annotations

from urllib.parse import unquote

from contract.checks.headers.keys import seen
from contract.model.chat import (
    CHAT,
    MODELS,
    KeyMode,
    Probe,
)
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply

FAILED, NOT_IMPLEMENTED = 500, 501
STRANGER = "https://client.example"
HEAD = Probe(name="head", method="HEAD", path=MODELS, reasons=False)
# A browser asks this before it lets a page of another origin send its request.
PREFLIGHT = Probe(
    name="preflight",
    method="OPTIONS",
    path=CHAT,
    headers=(
        ("origin", STRANGER),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, content-type"),
    ),
    key=KeyMode.NONE,
    reasons=False,
)
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


def _stands(exchange: Exchange, spared: frozenset[int] = frozenset()) -> Findings:
    status = exchange.status or 0
    if status >= FAILED and status not in spared:
        yield Finding(
            "the server failed where it should have refused",
            expected="a status below 500",
            actual=seen(exchange),
            at=f"{exchange.request.method} {exchange.request.path[:60]}",
        )


@check(
    "headers.any-method",
    "A method nobody serves MUST NOT be answered with a 5xx other than 501.",
    source="RFC 9110 §9.1 and §15.6",
    sends=METHODS,
    expects=ANY,
)
def any_method(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _stands(exchange, frozenset({NOT_IMPLEMENTED}))


def _crashed(reply: Reply) -> Reply:
    frames = reply.with_header("content-type", "text/plain; charset=utf-8")
    told = frames.with_status(FAILED)
    return told.with_frames(
        type(frame)(frame.at, b"Internal Server Error") for frame in reply.frames[:1]
    )


@fault(breaks=any_method)
def method_without_handler(reply: Reply) -> Reply:
    """The router finds the path, calls the handler of the method, and there is none."""
    request = (reply.request.method, reply.request.path)
    if request in {(probe.method, probe.path) for probe in METHODS}:
        return _crashed(reply)
    return reply


@check(
    "headers.any-path",
    "A path nobody serves MUST NOT be answered with a status of 500 or more.",
    source="RFC 9110 §15.5.5 and §15.6",
    sends=PATHS,
    expects=ANY,
)
def any_path(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _stands(exchange)


@fault(breaks=any_path)
def path_decoded_twice(reply: Reply) -> Reply:
    """A path that is no text after decoding is an exception nobody catches."""
    # A server may have decoded the path before anybody else sees it.
    odd = [probe.path for probe in PATHS if "%" in probe.path]
    asked = {*odd, *map(unquote, odd)}
    return _crashed(reply) if reply.request.path in asked else reply


@check(
    "headers.head-is-no-failure",
    "A HEAD request MUST NOT be answered with a status of 500 or more.",
    source="RFC 9110 §9.1: servers support GET and HEAD",
    sends=HEAD,
    expects=ANY,
)
def head_is_no_failure(exchange: Exchange) -> Findings:
    """Monitors ask with HEAD; a 405 tells them more than a 500."""
    yield from _stands(exchange)


@fault(breaks=head_is_no_failure)
def head_without_body_crashes(reply: Reply) -> Reply:
    """The middleware measures the body of every response, and HEAD has none."""
    return _crashed(reply) if reply.request.method == "HEAD" else reply


def _allowed(exchange: Exchange) -> str:
    """The origin that a response allows; without one there is nothing to judge."""
    origin = exchange.header("access-control-allow-origin")
    if not origin:
        raise NotApplicable("no page of another origin is allowed")
    return origin


@check(
    "headers.preflight-is-consistent",
    "A preflight that allows the origin MUST have a status from 200 to 299.",
    source="https://fetch.spec.whatwg.org/#cors-preflight-fetch: an ok status",
    sends=PREFLIGHT,
    expects=ANY,
)
def preflight_is_consistent(exchange: Exchange) -> Findings:
    """Browsers send no key with a preflight, so a 401 here shuts out every page."""
    origin = _allowed(exchange)
    if (exchange.status or 0) // 100 != 2:  # noqa: PLR2004  # the class of success
        yield Finding(
            "the preflight allows the origin and fails",
            expected="a status from 200 to 299",
            actual=f"status {exchange.status}, access-control-allow-origin: {origin}",
            at=f"OPTIONS {CHAT}",
        )


def _allowing(reply: Reply, *, status: int | None = None, **more: str) -> Reply:
    """A preflight's reply that allows the stranger."""
    if reply.request.method != "OPTIONS":
        return reply
    reply = reply if status is None else reply.with_status(status)
    reply = reply.with_header("access-control-allow-origin", STRANGER)
    for name, value in more.items():
        reply = reply.with_header(name.replace("_", "-"), value)
    return reply


@fault(breaks=preflight_is_consistent)
def preflight_asked_for_a_key(reply: Reply) -> Reply:
    """The key is asked for before the preflight is seen, and browsers bring none."""
    return _allowing(reply, status=401)


@check(
    "headers.strangers-get-no-credentials",
    "A page of an unknown origin SHOULD NOT be allowed to use credentials.",
    source="CWE-942; https://fetch.spec.whatwg.org/#cors-protocol-and-credentials",
    sends=PREFLIGHT,
    expects=ANY,
)
def strangers_get_no_credentials(exchange: Exchange) -> Findings:
    origin = _allowed(exchange)
    granted = exchange.header("access-control-allow-credentials") or ""
    if origin == STRANGER and granted.strip().lower() == "true":
        yield Finding(
            "any page may use the credentials of its visitor",
            expected="no access-control-allow-credentials",
            actual=f"{granted} for {origin}, an origin nobody knows",
            at=f"OPTIONS {CHAT}",
        )


@fault(breaks=strangers_get_no_credentials)
def origin_reflected(reply: Reply) -> Reply:
    """Whatever origin asks is echoed, with credentials."""
    return _allowing(reply, status=204, access_control_allow_credentials="true")
