"""Verdicts: what the model list and one answer say about a server; nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

from contract.client.route import DIRECT, Route
from contract.detection.denied import access_denied_reason
from contract.detection.detect import redirect_reason
from contract.detection.error_message import error_message
from contract.detection.evidence import ServerEvidence
from contract.detection.hints import flag_hint
from contract.model.chat import MODELS, PieceKind
from contract.model.exchange import End, Exchange
from contract.model.profile import Capability
from contract.model.response_kind import ResponseKind, error_in, kind_of
from contract.model.think import MARKERS
from contract.portable.facts import CONTROL
from contract.probing.question import Question
from contract.probing.result import State
from contract.probing.sense import gibberish_in

_CONTROL = re.compile("|".join((*map(re.escape, MARKERS), CONTROL)))
# Words of PyTorch, CUDA, ROCm, llama.cpp's ggml and Linux for memory that is used up.
_MEMORY = re.compile(
    r"out of (?:\w+ )?memory|\boom\b|outofmemory|cannot allocate|bad_alloc"
    r"|failed to (?:al)?locate|memory ?error|failed to find (?:a )?memory slot"
    r"|cublas_status_alloc_failed|no (?:kv|memory) (?:cache )?(?:slot|space)",
    re.IGNORECASE,
)
_REFUSED = "connection refused"
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)
_GATEWAY = frozenset(
    {
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
# A stream whose last text is older than both of these when the time is up has stopped;
# a younger one is slow. Seconds, and share of the time since the request was sent.
_PAUSE = 0.5
_PAUSE_SHARE = 0.25
# A reply that is this many seconds older than the request was not made for it. Clocks
# of two machines differ by less.
_OLD = 60.0
_SHORTEST_QUOTE = 20  # characters of reasoning that an answer may not repeat
_QUOTED = 80  # characters of an answer in a message
_MILLISECONDS = 10**11  # no date in seconds is as large


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, and the clause that says what was seen."""

    state: State
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the words about a server need: its address, and what was sent there."""

    # Root of the API.
    url: str
    # Whether an API key was sent, and the variable that holds it.
    key: bool = False
    variable: str = ""
    route: Route = DIRECT


def no_response(exchange: Exchange, access: Access) -> Verdict | None:
    """
    Return the verdict on a response that is no 2xx, or on none at all.

    None means that there is something to read. *access* words the advice.
    """
    status = exchange.status
    what = f"{exchange.request.method} {exchange.request.path}"
    if status is None:
        return _without_status(exchange, what)
    denied = access_denied_reason(
        exchange,
        access.url,
        key=access.key,
        variable=access.variable,
        route=access.route,
    )
    if denied:
        return Verdict(State.UNAUTHORISED, denied.removeprefix(f"{access.url} "))
    said = error_message(exchange) or "no body"
    if redirected := redirect_reason(exchange, access.url):
        return Verdict(State.REDIRECTED, redirected.replace(" verify ", " probe "))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict(State.RATE_LIMITED, f"{what}: status 429, {said}")
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    return Verdict(_failure(exchange.text, status), f"{what}: status {status}, {said}")


def _failure(said: str, status: int) -> State:
    """Return the state of a server that fails with *status*, and says *said*."""
    if _MEMORY.search(said):
        return State.OUT_OF_MEMORY
    return State.STARTING if status in _GATEWAY else State.FAILING


def _without_status(exchange: Exchange, what: str) -> Verdict:
    if exchange.end is End.TIMEOUT:
        if "accept a connection" in exchange.note or "TLS" in exchange.note:
            return Verdict(State.UNREACHABLE, exchange.note)
        return Verdict(
            State.STUCK,
            f"{what}: the connection was accepted, and no response began within "
            f"{exchange.elapsed:.1f} s",
        )
    if exchange.end is End.REFUSED:
        starting = _REFUSED in exchange.note and "proxy" not in exchange.note
        state = State.STARTING if starting else State.UNREACHABLE
        return Verdict(state, exchange.note)
    return Verdict(State.CUT_OFF, f"{what}: {exchange.note}")


def judge_list(evidence: ServerEvidence, access: Access) -> Verdict | None:
    """
    Return the verdict on GET /v1/models if it shows that the server is not ready.

    None means that the rest has to be asked. A server without a list (404, 405) may
    be ready.
    """
    listed = evidence.models
    if found := no_response(listed, access):
        return found
    if listed.end is End.TIMEOUT:
        return Verdict(State.STUCK, f"GET {MODELS}: {listed.note}")
    if not listed.end.whole:
        return Verdict(State.CUT_OFF, f"GET {MODELS}: {listed.note}")
    page = listed.media_type == "text/html" or listed.text.lstrip()[:1] == "<"
    if page:
        return Verdict(
            State.WRONG_PATH,
            f"GET {MODELS} returned a web page (status {listed.status}); is the URL "
            "the root of the API?",
        )
    if evidence.flaw:
        return Verdict(State.MALFORMED, f"GET {MODELS} returned {evidence.flaw}")
    return None


def names_of_models(evidence: ServerEvidence) -> frozenset[str]:
    """Return the names in the model list, aliases included."""
    found = set(evidence.names)
    for card in evidence.cards:
        aliases = card.get("aliases")
        if isinstance(aliases, list):
            found.update(name for name in aliases if isinstance(name, str))
    return frozenset(found)


def judge_answer(
    exchange: Exchange,
    question: Question,
    access: Access,
    listed: Collection[str] = (),
) -> Verdict:
    """
    Return the verdict on the streamed answer to *question*.

    *listed* are the names in the model list: the reply must name one of them, or the
    requested model. Total: no bytes of a server make it raise.
    """
    return (
        no_response(exchange, access)
        or _rejected(exchange)
        or _broken(exchange)
        or _unfinished(exchange)
        or _senseless(exchange)
        or _unparsed(exchange)
        or _wrong(exchange, question)
        or _other_model(exchange, listed)
        or Verdict(State.READY, _good(exchange, question))
    )


def _rejected(exchange: Exchange) -> Verdict | None:
    """Return the verdict on a 4xx status."""
    status = exchange.status or 0
    if status < HTTPStatus.BAD_REQUEST:
        return None
    said = error_message(exchange) or "no body"
    what = f"{exchange.request.method} {exchange.request.path}: status {status}, {said}"
    unknown = status in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}
    if unknown and _MODEL.search(said):
        asked = exchange.sent.get("model")
        return Verdict(State.WRONG_MODEL, f"the model {asked} is not served: {what}")
    missing = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    if status in missing:
        return Verdict(State.WRONG_PATH, f"{what}; is the URL the root of the API?")
    return Verdict(State.MALFORMED, f"the question was rejected: {what}")


def _broken(exchange: Exchange) -> Verdict | None:
    """Return the verdict on status 200 without an answer."""
    kind = kind_of(exchange)
    if kind is ResponseKind.ERROR_IN_ANSWER:
        said = error_in(exchange) or ""
        state = State.OUT_OF_MEMORY if _MEMORY.search(said) else State.FAILING
        return Verdict(state, f"an error in place of the answer: {said}")
    other = exchange.end.whole and exchange.size and not exchange.streamed
    if other or kind is ResponseKind.MISLABELLED:
        page = exchange.media_type == "text/html"
        state = State.WRONG_PATH if page else State.MALFORMED
        return Verdict(
            state,
            "the response is no stream of events, but "
            f"{exchange.media_type or 'without a type'}: {_quoted(exchange.text)}",
        )
    return None


def _unfinished(exchange: Exchange) -> Verdict | None:
    """Return the verdict on a response that did not end, unless its text is wrong."""
    if exchange.end.whole:
        return None
    if not exchange.pieces or not exchange.text_times:
        return _without_text(exchange)
    if wrong := _senseless(exchange) or _early_hint(exchange):
        return wrong
    characters = len(exchange.reasoning) + len(exchange.answer)
    came = f"{characters} characters of text came"
    if exchange.end is not End.TIMEOUT:
        return Verdict(State.CUT_OFF, f"{came}, and then: {exchange.note}")
    pause = exchange.elapsed - exchange.text_times[-1]
    if pause > max(_PAUSE, _PAUSE_SHARE * exchange.elapsed):
        return Verdict(State.STUCK, f"{came}, and none in the last {pause:.1f} s")
    return Verdict(
        State.SLOW, f"{came}, and the answer was not complete; raise --timeout"
    )


def _without_text(exchange: Exchange) -> Verdict:
    """Return the verdict on a response that ended early and has no text."""
    if exchange.end is not End.TIMEOUT:
        return Verdict(State.CUT_OFF, f"before any text: {exchange.note}")
    seen = "events without text" if exchange.event_count else "no event"
    return Verdict(
        State.STUCK,
        f"the headers of the answer came, and then {seen} ({exchange.note})",
    )


def _early_hint(exchange: Exchange) -> Verdict | None:
    """Return the verdict on the part of an answer that begins with a marker."""
    if exchange.answer.lstrip().startswith(MARKERS):
        return _parser_off(exchange)
    return None


def _senseless(exchange: Exchange) -> Verdict | None:
    """Return the verdict on an answer without text, or with gibberish."""
    texts = {
        "the reasoning": exchange.reasoning.strip(),
        "the answer": exchange.answer.strip(),
    }
    if not any(texts.values()):
        if any(piece.kind is PieceKind.TOOL for piece in exchange.pieces):
            return Verdict(
                State.WRONG_ANSWER, "the answer is a call of an unknown tool"
            )
        said = "no event" if not exchange.event_count else "no text"
        return Verdict(State.EMPTY, f"status {exchange.status}, and {said}")
    for what, text in texts.items():
        if why := gibberish_in(text):
            return Verdict(State.GIBBERISH, f"{what} is gibberish, {why}")
    return None


def _unparsed(exchange: Exchange) -> Verdict | None:
    """Return the verdict on reasoning and answer that are not well separated."""
    reasons = Capability.REASONING in exchange.profile.offers
    reasoning, answer = exchange.reasoning.strip(), exchange.answer.strip()
    if reasons and (not reasoning or flag_hint((exchange,))):
        return _parser_off(exchange)
    if reasons and not answer:
        return _only_reasoning(exchange, reasoning)
    if found := _markers(exchange):
        return found
    if len(reasoning) >= _SHORTEST_QUOTE and reasoning in answer:
        return Verdict(
            State.REASONING_IN_ANSWER,
            f"the answer repeats the reasoning: {_quoted(answer)}",
        )
    return None


def _only_reasoning(exchange: Exchange, reasoning: str) -> Verdict:
    if exchange.finish == "length":
        return Verdict(
            State.NO_ANSWER,
            f"the reasoning of {len(reasoning)} characters used up max_tokens",
        )
    return Verdict(
        State.ANSWER_IN_REASONING,
        f"the whole text is labelled as reasoning: {_quoted(reasoning[-_QUOTED:])}",
    )


def _parser_off(exchange: Exchange) -> Verdict:
    hint = flag_hint((exchange,))
    said = (
        hint or f"no reasoning is separate from the answer {_quoted(exchange.answer)}"
    )
    return Verdict(State.PARSER_OFF, said)


def _markers(exchange: Exchange) -> Verdict | None:
    for what, text in (
        ("reasoning", exchange.reasoning),
        ("answer", exchange.answer),
    ):
        if found := _CONTROL.search(text):
            return Verdict(State.MARKERS, f"the {what} contains the marker {found[0]}")
    return None


def _wrong(exchange: Exchange, question: Question) -> Verdict | None:
    """Return the verdict on an answer to another question."""
    right = question.is_answered_by(exchange.answer)
    age = _age(exchange)
    if age is not None and age > _OLD:
        return Verdict(
            State.CACHED, f"the reply was created {age:.0f} s before the question"
        )
    if right:
        return None
    if not exchange.answer.strip():
        return Verdict(State.NO_ANSWER, "the reply has no answer")
    if question.is_answered_by(exchange.reasoning):
        where = "; the reasoning contains the right answer"
    elif question.sum:
        where = "; a cached reply, or a model that does not work"
    else:
        where = ""
    return Verdict(
        State.WRONG_ANSWER,
        f"the answer to {question.sum or 'the question'} is not {question.expected}, "
        f"but {_quoted(exchange.answer)}{where}",
    )


def _age(exchange: Exchange) -> float | None:
    """Return the seconds by which the reply is older than the request, if it says."""
    for chunk in exchange.folded:
        created = chunk.json.get("created") if isinstance(chunk.json, dict) else None
        known = isinstance(created, int | float) and not isinstance(created, bool)
        if not known or exchange.sent_at is None:
            continue
        if not 0 < created < _MILLISECONDS:  # type: ignore[operator]  # it is a number
            return None
        return exchange.sent_at - created  # type: ignore[operator]  # it is a number
    return None


def _other_model(exchange: Exchange, listed: Collection[str]) -> Verdict | None:
    """Return the verdict on a reply that names a model which is not listed."""
    asked = exchange.sent.get("model")
    if not listed:
        return None
    for chunk in exchange.folded:
        name = chunk.json.get("model") if isinstance(chunk.json, dict) else None
        if isinstance(name, str) and name not in {asked, *listed}:
            return Verdict(
                State.WRONG_MODEL,
                f"the reply to a request for {asked} names the model {name}, which is "
                "not listed",
            )
    return None


def _good(exchange: Exchange, question: Question) -> str:
    thought = " after reasoning" if exchange.reasoning.strip() else ""
    if question.sum:
        return f"answered {question.sum} = {question.expected}{thought}"
    return f"answered with {_quoted(question.expected)}{thought}"


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _QUOTED else f'"{line[: _QUOTED - 1]}…"'
