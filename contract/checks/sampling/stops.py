"""That an answer ends where a stop string begins, wherever its tokens do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.checks.faults.refusal import request_body
from contract.checks.judging.answered import visible_text
from contract.checks.sources import (
    MISTRAL_CHAT,
    OPENAI_CHAT,
)
from contract.model.chat import (
    Json,
    Options,
    Patch,
    Piece,
    PieceKind,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    MAX_TOKENS,
    user,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

SOURCE = f"{MISTRAL_CHAT}: stop; {OPENAI_CHAT}: stop"
STOP = frozenset({Capability.STOP})
STREAMED = STOP | {Capability.STREAMING}
FULL = Probe(
    name="not-stopped",
    messages=(user("Repeat exactly: The answer is 42"),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    reasons=False,
)


def _stopped(name: str, *stop: str) -> Probe:
    return replace(FULL, name=name, options=replace(FULL.options, stop=stop))


WHOLE = _stopped("stopped", "answer is")
STREAM = replace(WHOLE, name="stopped-streamed", stream=True)
INSIDE = _stopped("stopped-inside-tokens", "wer i")
INSIDE_STREAM = replace(INSIDE, name="stopped-inside-tokens-streamed", stream=True)
SEVERAL = _stopped("stopped-by-several", "42", "answer is", "a phrase nobody says")
AS_TEXT = replace(
    FULL, name="stopped-by-text", patches=(Patch("text", "/stop", '"answer is"'),)
)


def _until(full: Exchange, stop: tuple[str, ...]) -> tuple[str, str]:
    """
    Thought and answer up to the first stop string; `NotApplicable` if none is said.

    vLLM and llama.cpp look for it in the thought as well, and then nothing follows.
    """
    thought, answer = full.reasoning, full.answer
    ends = [at for word in stop if (at := thought.find(word)) >= 0]
    if ends:
        return thought[: min(ends)].strip(), ""
    ends = [at for word in stop if (at := answer.find(word)) >= 0]
    if not ends:
        raise NotApplicable("the model did not say the stop string at all")
    return thought.strip(), answer[: min(ends)].strip()


def _ends_there(full: Exchange, stop: tuple[str, ...], cut: Exchange) -> Findings:
    """A finding unless *cut* is *full* up to the stop; another text proves nothing."""
    wanted, seen, whole = _until(full, stop), visible_text(cut), visible_text(full)
    if any(wanted) and not any(seen):
        raise NotApplicable("the reply that was stopped says nothing")
    for one, before, everything in zip(seen, wanted, whole, strict=True):
        if one == before:
            continue
        if not one.startswith(before) and not everything.startswith(one):
            raise NotApplicable("the answers differ before the stop string")
        yield Finding(
            "the text does not end where the stop string begins",
            expected=shorten(repr(before)),
            actual=shorten(repr(one)),
            at=cut.probe.name,
        )


@check(
    "sampling.stop-is-not-shown",
    "A reply MUST NOT contain the stop string that ended it.",
    source=SOURCE,
    sends=(WHOLE, STREAM),
    needs=STREAMED,
)
def stop_is_not_shown(*exchanges: Exchange) -> Findings:
    if not any(exchange.choices for exchange in exchanges):
        raise NotApplicable("no reply holds a choice")
    for exchange in exchanges:
        for stop in exchange.probe.options.stop:
            if any(stop in text for text in visible_text(exchange)):
                yield Finding(
                    "the stop string was sent",
                    expected=f"text without {stop!r}",
                    actual=shorten(repr(" / ".join(visible_text(exchange)))),
                    at=exchange.probe.name,
                )


@check(
    "sampling.stop-ends-the-answer",
    "A reply MUST end where a stop string begins.",
    source=SOURCE,
    sends=(FULL, WHOLE, STREAM),
    needs=STREAMED,
)
def stop_ends_the_answer(full: Exchange, *cut: Exchange) -> Findings:
    for exchange in cut:
        yield from _ends_there(full, exchange.probe.options.stop, exchange)


@check(
    "sampling.stop-spans-tokens",
    "A stop string MUST be found inside tokens and across their borders.",
    source=SOURCE,
    sends=(FULL, INSIDE, INSIDE_STREAM),
    needs=STREAMED,
)
def stop_spans_tokens(full: Exchange, *cut: Exchange) -> Findings:
    """A stream must hold back what may begin a stop string."""
    for exchange in cut:
        yield from _ends_there(full, exchange.probe.options.stop, exchange)


@check(
    "sampling.first-stop-wins",
    "Of several stop strings the one that is said first MUST end the reply.",
    source=SOURCE,
    sends=(FULL, SEVERAL),
    needs=STOP,
)
def first_stop_wins(full: Exchange, several: Exchange) -> Findings:
    yield from _ends_there(full, several.probe.options.stop, several)


@check(
    "sampling.stop-may-be-text",
    "A stop string MUST act the same as text and in a list.",
    source=SOURCE,
    sends=(FULL, AS_TEXT),
    needs=STOP,
)
def stop_may_be_text(full: Exchange, cut: Exchange) -> Findings:
    yield from _ends_there(full, WHOLE.options.stop, cut)


@check(
    "sampling.stop-finishes-with-stop",
    "A reply that a stop string ended MUST finish with stop.",
    source=SOURCE,
    sends=(FULL, WHOLE, STREAM),
    needs=STREAMED,
)
def stop_finishes_with_stop(full: Exchange, *cut: Exchange) -> Findings:
    for exchange in cut:
        _until(full, exchange.probe.options.stop)
        if exchange.finish not in {None, "stop"}:
            yield Finding(
                "the finish reason is another one",
                expected="stop",
                actual=str(exchange.finish),
                at=exchange.probe.name,
            )


def _added(reply: Reply, text: Callable[[], str]) -> Reply:
    """*reply* with more text at the end of its answer."""

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        *before, last = pieces
        yield from before
        more = text() if last.kind is PieceKind.ANSWER else ""
        yield replace(last, text=last.text + more)

    return rewrite_pieces(reply, changed)


def _stops(reply: Reply) -> tuple[str, ...]:
    return reply.probe.options.stop if reply.probe is not None else ()


@fault(breaks=stop_is_not_shown, also=("sampling",))
def stop_string_shown(reply: Reply) -> Reply:
    """The text is cut after the stop string, not before (transformers serve)."""
    stops = _stops(reply)
    return _added(reply, lambda: stops[0]) if len(stops) == 1 else reply


@fault(breaks=stop_ends_the_answer, also=("sampling.stop-spans-tokens",))
def stop_string_cut_out(reply: Reply) -> Reply:
    """A gateway removes the stop string from the text, and the model goes on."""
    if not _stops(reply) or len(_stops(reply)) > 1 or _spelled_as_text(reply):
        return reply
    return _added(reply, lambda: " 42, and that is all there is to say")


@fault(breaks=stop_spans_tokens)
def stop_compared_with_tokens(reply: Reply) -> Reply:
    """Stop strings are compared with the text of each token, and with no other."""
    stops = _stops(reply)
    if stops != INSIDE.options.stop:
        return reply
    return _added(reply, lambda: stops[0])


@fault(breaks=first_stop_wins)
def first_in_list_wins(reply: Reply) -> Reply:
    """Only the first stop string of the list is looked for."""
    stops = _stops(reply)
    return _added(reply, lambda: f"{stops[1]} ") if len(stops) > 1 else reply


def _spelled_as_text(reply: Reply) -> bool:
    return isinstance(request_body(reply).get("stop"), str)


@fault(breaks=stop_may_be_text)
def stop_read_letter_by_letter(reply: Reply) -> Reply:
    """A string is a sequence too: every letter of it stops the answer."""
    if not _spelled_as_text(reply):
        return reply

    def nothing(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in pieces:
            yield replace(piece, text="T") if piece.kind is PieceKind.ANSWER else piece

    return rewrite_pieces(reply, nothing)


@fault(breaks=stop_finishes_with_stop)
def stop_called_length(reply: Reply) -> Reply:
    """Whatever ends before the model does is called length."""
    if not _stops(reply):
        return reply

    def renamed(value: Json) -> Json:
        choices = value.get("choices") if isinstance(value, dict) else None
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("finish_reason") == "stop":
                choice["finish_reason"] = "length"
        return value

    return reply.change(renamed)
