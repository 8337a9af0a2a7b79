"""
Outages: error statuses, slowness, silence and engines that write nonsense.

No check is proven by them, because a server may be overloaded. They are for the tests
of clients (the retries, the back-off and the time-outs) and of `probe`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from contract.model.chat import Piece, PieceKind
from contract.model.exchange import End
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.model.rewrite import rewrite_pieces

_HTML = ("content-type", "text/html")
# What nginx sends when the server behind it is gone.
_NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1>"
    "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_STATUS_OVERLOADED = 529  # used by some hosted APIs, in no RFC


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """
    A change of replies that makes a server fail, with its options.

    Usage: `replace(OUTAGES["http-429"], retry_after=7)(reply)`.
    """

    # The name for `--fault`.
    id: str
    # One sentence for `list --faults`.
    description: str
    # (this outage, the reply it would be) -> the reply it is.
    strike: Callable[[Outage, Reply], Reply]
    # The names of the options that it reads.
    options: tuple[str, ...] = ()
    # Seconds in the header Retry-After; None sends none.
    retry_after: int | None = None
    # Seconds until anything is sent.
    delay: float = 0.0

    def __call__(self, reply: Reply) -> Reply:
        """Return the reply of the failing server, for chats; others are unchanged."""
        return reply if reply.probe is None else self.strike(self, reply)


def failure(reply: Reply, problem: Rejection, retry_after: int | None = None) -> Reply:
    """
    Return *reply* replaced by the dialect's error for *problem*, sent at once.

    The headers of the dialect stay. *retry_after* is in seconds (RFC 9110 10.2.3).
    """
    status, body = reply.dialect.error(problem)
    text = isinstance(body, str)
    data = body.encode() if isinstance(body, str) else encode_json(body)
    kind = ("content-type", "text/plain; charset=utf-8") if text else JSON_TYPE
    others = [pair for pair in reply.headers if pair[0] != "content-type"]
    changed = replace(
        reply,
        status=status,
        headers=(kind, *others),
        frames=(Frame(0.0, data),),
        end=End.COMPLETE,
        rejection=problem,
    )
    if retry_after is None:
        return changed
    return changed.with_header("retry-after", str(retry_after))


def _status(status: int) -> Callable[[Outage, Reply], Reply]:
    def strike(outage: Outage, reply: Reply) -> Reply:
        problem = Rejection(reason=RejectionReason.FAILURE, status=status)
        return failure(reply, problem, outage.retry_after)

    return strike


def _bad_gateway(outage: Outage, reply: Reply) -> Reply:
    """A proxy answers, and not the server: its error is a page, not JSON."""
    problem = Rejection(
        reason=RejectionReason.FAILURE, status=HTTPStatus.BAD_GATEWAY.value
    )
    page = Frame(0.0, _NGINX.format("502 Bad Gateway").encode())
    changed = failure(reply, problem, outage.retry_after)
    return replace(changed, headers=(_HTML,), frames=(page,))


def _slow(outage: Outage, reply: Reply) -> Reply:
    frames = (Frame(frame.at + outage.delay, frame.data) for frame in reply.frames)
    return reply.with_frames(frames)


def _cut_off(_outage: Outage, reply: Reply) -> Reply:
    """Send half of the events, or half of the body, and reset the connection."""
    if reply.streamed:
        kept = reply.frames[: (len(reply.frames) + 1) // 2]
    else:
        kept = tuple(
            Frame(frame.at, frame.data[: len(frame.data) // 2])
            for frame in reply.frames
        )
    return replace(reply, frames=kept, end=End.RESET)


def _silent(_outage: Outage, reply: Reply) -> Reply:
    """Send the headers and nothing else, and leave the connection open."""
    return replace(reply, frames=(), end=End.TIMEOUT)


def _stuck(_outage: Outage, reply: Reply) -> Reply:
    """Send half of the events, or half of the body, and nothing more."""
    return replace(_cut_off(_outage, reply), end=End.TIMEOUT)


def _out_of_memory(_outage: Outage, reply: Reply) -> Reply:
    problem = Rejection(
        reason=RejectionReason.FAILURE,
        status=HTTPStatus.INTERNAL_SERVER_ERROR.value,
        message="CUDA out of memory. Tried to allocate 2.00 GiB.",
    )
    return failure(reply, problem)


def _nonsense(text: str) -> Callable[[Outage, Reply], Reply]:
    """Return a strike that puts *text* in the place of each piece of text."""

    def change(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        return tuple(
            piece
            if piece.kind is PieceKind.TOOL
            else replace(piece, kind=PieceKind.ANSWER, text=text)
            for piece in pieces
            if piece.text or piece.call
        )

    def strike(_outage: Outage, reply: Reply) -> Reply:
        return rewrite_pieces(reply, change)

    return strike


_RETRY = ("retry-after",)
_ALL = (
    Outage(
        id="http-429",
        description="Too many requests, with a header Retry-After (by default 1 s).",
        strike=_status(HTTPStatus.TOO_MANY_REQUESTS.value),
        options=_RETRY,
        retry_after=1,
    ),
    Outage(
        id="http-500",
        description="The server fails, with the dialect's error.",
        strike=_status(HTTPStatus.INTERNAL_SERVER_ERROR.value),
        options=_RETRY,
    ),
    Outage(
        id="http-502",
        description="A proxy cannot reach the server, and sends a page of HTML.",
        strike=_bad_gateway,
        options=_RETRY,
    ),
    Outage(
        id="http-503",
        description="The server is not ready, with the dialect's error.",
        strike=_status(HTTPStatus.SERVICE_UNAVAILABLE.value),
        options=_RETRY,
    ),
    Outage(
        id="http-529",
        description="The service is overloaded (a status that no RFC defines).",
        strike=_status(_STATUS_OVERLOADED),
        options=_RETRY,
    ),
    Outage(
        id="slow",
        description="Nothing is sent for a time (by default 10 s).",
        strike=_slow,
        options=("delay",),
        delay=10.0,
    ),
    Outage(
        id="cut-off",
        description="The connection is reset after half of the answer.",
        strike=_cut_off,
    ),
    Outage(
        id="silent",
        description="The headers are sent, nothing follows, and nothing is closed.",
        strike=_silent,
    ),
    Outage(
        id="stuck",
        description="Half of the answer is sent, and the connection is left open.",
        strike=_stuck,
    ),
    Outage(
        id="out-of-memory",
        description="The engine runs out of memory on the GPU, and answers 500.",
        strike=_out_of_memory,
    ),
    Outage(
        id="exclamation-marks",
        description="The engine writes exclamation marks only, with status 200.",
        strike=_nonsense("!!!!"),
    ),
    Outage(
        id="one-token-repeated",
        description="The engine repeats one token until the end, with status 200.",
        strike=_nonsense(" the"),
    ),
)
OUTAGES = {outage.id: outage for outage in _ALL}
"""Every outage by its name."""
