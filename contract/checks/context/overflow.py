"""That what does not fit into the window is refused, at once and in plain words."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.context.prompt_length import (
    refused_overflow,
    taken,
)
from contract.checks.context.prompts import (
    FULL,
    ONE_MORE,
    ONE_MORE_STREAMED,
)
from contract.checks.faults.overflow import (
    BOUNDLESS,
    excess,
)
from contract.checks.judging.refusal import ABOUT_THE_REQUEST
from contract.checks.sources import (
    MISTRAL_CHAT,
    OLLAMA,
    VLLM_LIMITS,
)
from contract.model import sse
from contract.model.chat import Json
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import (
    DONE,
    Exchange,
)
from contract.model.probes import THOUSAND_MORE
from contract.model.profile import Capability
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    JSON_TYPE,
    SSE_TYPE,
    Frame,
    Reply,
)

FAR = 1_000


@check(
    "context.refuses-a-full-window",
    "A prompt that leaves no token to generate MUST be refused with a 4xx error.",
    source=VLLM_LIMITS,
    sends=FULL,
    expects=ANY,
    unless=BOUNDLESS,
)
def refuses_a_full_window(exchange: Exchange) -> Findings:
    yield from refused_overflow(exchange)


@fault(breaks=refuses_a_full_window)
def full_window_taken(reply: Reply) -> Reply:
    """The bound is checked with > where >= was meant."""
    return taken(reply) if excess(reply) == 0 else reply


@check(
    "context.refuses-one-token-more",
    "A prompt one token longer than the context window MUST be refused with a 4xx "
    "error.",
    source=MISTRAL_CHAT,
    sends=ONE_MORE,
    expects=ANY,
    unless=BOUNDLESS,
)
def refuses_one_token_more(exchange: Exchange) -> Findings:
    yield from refused_overflow(exchange)


@fault(breaks=refuses_one_token_more, also=("context",))
def first_token_dropped(reply: Reply) -> Reply:
    """A token too many is cut off where nobody sees it."""
    over = excess(reply)
    return taken(reply) if over is not None and 0 < over < FAR else reply


@check(
    "context.refuses-a-thousand-more",
    "A prompt 1,000 tokens longer than the context window MUST be refused with a "
    "4xx error.",
    source=OLLAMA,
    sends=THOUSAND_MORE,
    expects=ANY,
    unless=BOUNDLESS,
)
def refuses_a_thousand_more(exchange: Exchange) -> Findings:
    yield from refused_overflow(exchange)


@fault(breaks=refuses_a_thousand_more, also=("context", "latency"))
def overflow_cut_silently(reply: Reply) -> Reply:
    """A long conversation loses its beginning, and the answer does not say so."""
    over = excess(reply)
    return taken(reply) if over is not None and over >= FAR else reply


@check(
    "context.refuses-streams-before-they-begin",
    "A stream whose prompt does not fit MUST be refused as a plain error before any "
    "event.",
    source=VLLM_LIMITS,
    sends=ONE_MORE_STREAMED,
    needs={Capability.STREAMING},
    expects=ANY,
    unless=BOUNDLESS,
)
def refuses_streams_before_they_begin(exchange: Exchange) -> Findings:
    yield from refused_overflow(exchange)


@fault(breaks=refuses_streams_before_they_begin)
def overflow_inside_stream(reply: Reply) -> Reply:
    """The stream is opened with status 200, and then the error comes as its event."""
    if not excess(reply) or b'"stream":true' not in reply.request.body:
        return reply
    body = sse.encode(reply.body)
    end = sse.encode(DONE.encode())
    return replace(
        reply.with_header(*SSE_TYPE), status=200, frames=(Frame(0, body), Frame(0, end))
    )


def _marks(body: Json) -> dict[str, Json]:
    """What an error calls itself: its type and its code."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    if not isinstance(body, dict):
        return {}
    return {name: body[name] for name in ("type", "code") if name in body}


@check(
    "context.overflow-has-its-code",
    "The refusal of a prompt that does not fit MUST carry the type and code that this "
    "provider gives to it.",
    source=MISTRAL_CHAT,
    sends=(ONE_MORE, THOUSAND_MORE),
    expects=ANY,
    unless="overflow-without-code",
)
def overflow_has_its_code(*exchanges: Exchange) -> Findings:
    """Clients that shorten a conversation know by it when to."""
    for exchange in _refusals(exchanges):
        window = exchange.profile.context_window
        problem = Rejection(
            reason=RejectionReason.OVERFLOW, count=window + 1, limit=window
        )
        _, body = exchange.profile.dialect.error(problem)
        wanted, told = (
            _marks(body if isinstance(body, dict) else None),
            _marks(exchange.json),
        )
        if told != wanted:
            yield Finding(
                "the refusal does not say what it is about",
                expected=shorten(wanted),
                actual=shorten(told) if told else shorten(exchange.text),
                at=f"request {exchange.probe.name}",
            )


def _refusals(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    found = tuple(x for x in exchanges if x.status in ABOUT_THE_REQUEST)
    if not found:
        raise NotApplicable("no prompt that does not fit was refused")
    return found


@fault(breaks=overflow_has_its_code, also=("context",))
def overflow_by_the_proxy(reply: Reply) -> Reply:
    """A proxy with a limit of its own refuses long bodies before the server can."""
    if not excess(reply):
        return reply
    page = b"<html><body><h1>413 Request Entity Too Large</h1></body></html>"
    made = reply.with_status(413).with_frames((Frame(0, page),))
    return made.with_header(JSON_TYPE[0], "text/html")


@check(
    "context.overflow-tells-the-limit",
    "The refusal of a prompt that does not fit SHOULD tell how many tokens do.",
    source="house rule; what Mistral, vLLM and llama.cpp say",
    sends=(ONE_MORE, THOUSAND_MORE),
    expects=ANY,
    unless=BOUNDLESS,
)
def overflow_tells_the_limit(*exchanges: Exchange) -> Findings:
    for exchange in _refusals(exchanges):
        window = exchange.profile.context_window
        if not any(number in exchange.text for number in (f"{window}", f"{window:,}")):
            yield Finding(
                "the refusal does not tell the limit",
                expected=f"the number {window}",
                actual=shorten(exchange.text),
                at=f"request {exchange.probe.name}",
            )


@fault(breaks=overflow_tells_the_limit)
def limit_kept_secret(reply: Reply) -> Reply:
    """A gateway takes the numbers out of the errors that it passes on."""
    if not excess(reply) or reply.rejection is None:
        return reply
    blank = reply.body.replace(f"{reply.rejection.limit}".encode(), b"1")
    return reply.with_frames((Frame(reply.frames[-1].at, blank),))
