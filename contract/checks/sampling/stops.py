"""Checks that an answer ends where a stop string begins, at any token boundary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.checks.faults.rejection import request_body
from contract.checks.judging.answered import visible_text
from contract.checks.sources import MISTRAL_CHAT, OPENAI_CHAT
from contract.model.chat import Json, Options, Piece, PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import MAX_TOKENS, user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.portable.requirement import decided
from contract.portable.schemas import NOTHING, SOMETHING, has

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
    """Return the request of FULL with these stop strings."""
    return replace(FULL, name=name, options=replace(FULL.options, stop=stop))


WHOLE = _stopped("stopped", "answer is")
STREAM = replace(WHOLE, name="stopped-streamed", stream=True)
INSIDE = _stopped("stopped-inside-tokens", "wer i")
INSIDE_STREAM = replace(INSIDE, name="stopped-inside-tokens-streamed", stream=True)
SEVERAL = _stopped("stopped-by-several", "42", "answer is", "a phrase nobody says")
AS_TEXT = replace(
    FULL, name="stopped-by-text", patches=(Patch("text", "/stop", '"answer is"'),)
)
# A stop string inside a token: among others, and as text for a stream.
INSIDE_SEVERAL = _stopped("stopped-by-several-inside", "42", "wer i", "a phrase")
INSIDE_TEXT = replace(
    AS_TEXT,
    name="stopped-by-text-inside-streamed",
    patches=(Patch("text", "/stop", '"wer i"'),),
    stream=True,
)


def _truncate_at_stop(full: Exchange, stop: tuple[str, ...]) -> tuple[str, str]:
    """
    Return the reasoning and the answer of *full* up to the first of *stop*.

    vLLM and llama.cpp also search the reasoning; if a stop string is there, no answer
    follows. Raises `NotApplicable` if the text contains no stop string.
    """
    reasoning, answer = full.reasoning, full.answer
    ends = [at for word in stop if (at := reasoning.find(word)) >= 0]
    if ends:
        return reasoning[: min(ends)].strip(), ""
    ends = [at for word in stop if (at := answer.find(word)) >= 0]
    if not ends:
        raise NotApplicable("the model did not generate the stop string")
    return reasoning.strip(), answer[: min(ends)].strip()


def _ends_at_stop(full: Exchange, stop: tuple[str, ...], cut: Exchange) -> Findings:
    """
    Yield a finding unless the text of *cut* is that of *full* up to the stop string.

    Args:
        full: The reply to the same request without stop strings.
        stop: The stop strings.
        cut: The reply to the request with *stop*.

    Raises `NotApplicable` if the two texts differ before the stop string.

    """
    wanted, seen = _truncate_at_stop(full, stop), visible_text(cut)
    if any(wanted) and not any(seen):
        raise NotApplicable("the stopped reply has no text")
    for actual, expected, whole in zip(seen, wanted, visible_text(full), strict=True):
        if actual == expected:
            continue
        if not actual.startswith(expected) and not whole.startswith(actual):
            raise NotApplicable("the answers differ before the stop string")
        yield Finding(
            "the text does not end where the stop string begins",
            expected=shorten(spell(expected)),
            actual=shorten(spell(actual)),
            at=cut.probe.name,
        )


@check(
    "sampling.stop-is-not-shown",
    "A reply MUST NOT contain the stop string that ended it.",
    source=SOURCE,
    sends=(WHOLE, STREAM),
    needs=STREAMED,
    every=Scope.ANSWERS,
)
@decided(
    has(stopsShown=NOTHING),
    when=has(request=has(stop=SOMETHING, keepsStop=False), choices=SOMETHING),
)
def stop_is_not_shown(exchange: Exchange) -> Findings:
    sent = exchange.sent.get("stop")
    stops = [sent] if isinstance(sent, str) else sent
    if not isinstance(stops, list) or not stops:
        raise NotApplicable("the request has no stop string")
    if exchange.sent.get("include_stop_str_in_output"):
        raise NotApplicable("the request asks for the stop string")
    if not exchange.choices:
        raise NotApplicable("the reply has no choice")
    for choice in sorted(exchange.finishes):
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            text = exchange.text_of(kind, choice)
            for stop in stops:
                if isinstance(stop, str) and stop and stop in text:
                    yield Finding(
                        f"the {kind.value} contains the stop string",
                        expected=f"text without {spell(stop)}",
                        actual=shorten(spell(text)),
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
        yield from _ends_at_stop(full, exchange.probe.options.stop, exchange)


def _end_inside_tokens(full: Exchange, *cut: Exchange) -> Findings:
    for exchange in cut:
        yield from _ends_at_stop(full, INSIDE.options.stop, exchange)


@check(
    "sampling.stop-spans-tokens",
    "A stop string MUST be found inside tokens and across token boundaries.",
    source=SOURCE,
    sends=(FULL, INSIDE, INSIDE_STREAM),
    needs=STREAMED,
    combined=Combined(
        sends=(FULL, INSIDE_SEVERAL, INSIDE_TEXT), judge=_end_inside_tokens
    ),
)
def stop_spans_tokens(full: Exchange, *cut: Exchange) -> Findings:
    """A stream must hold back text that may be the beginning of a stop string."""
    for exchange in cut:
        yield from _ends_at_stop(full, exchange.probe.options.stop, exchange)


@check(
    "sampling.first-stop-wins",
    "Of several stop strings the first one in the text MUST end the reply.",
    source=SOURCE,
    sends=(FULL, SEVERAL),
    needs=STOP,
    combined=Combined(sends=(FULL, INSIDE_SEVERAL)),
)
def first_stop_wins(full: Exchange, several: Exchange) -> Findings:
    yield from _ends_at_stop(full, several.probe.options.stop, several)


@check(
    "sampling.stop-may-be-text",
    "A stop string MUST have the same effect as a string and in a list.",
    source=SOURCE,
    sends=(FULL, AS_TEXT),
    needs=STOP,
    combined=Combined(
        sends=(FULL, INSIDE_TEXT),
        judge=_end_inside_tokens,
        needs=frozenset({Capability.STREAMING}),
    ),
)
def stop_may_be_text(full: Exchange, cut: Exchange) -> Findings:
    yield from _ends_at_stop(full, WHOLE.options.stop, cut)


@check(
    "sampling.stop-finishes-with-stop",
    "A reply that a stop string ended MUST have the finish reason stop.",
    source=SOURCE,
    sends=(FULL, WHOLE, STREAM),
    needs=STREAMED,
)
def stop_finishes_with_stop(full: Exchange, *cut: Exchange) -> Findings:
    for exchange in cut:
        _truncate_at_stop(full, exchange.probe.options.stop)
        if exchange.finish not in {None, "stop"}:
            yield Finding(
                "the finish reason of a stopped reply is not stop",
                expected="stop",
                actual=exchange.finish or "null",
                at=exchange.probe.name,
            )


def _append_text(reply: Reply, text: str) -> Reply:
    """Return *reply* with *text* appended to the answer of each choice."""

    def append(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        *before, last = pieces
        yield from before
        more = text if last.kind is PieceKind.ANSWER else ""
        yield replace(last, text=last.text + more)

    return rewrite_pieces(reply, append)


def _stop_strings(reply: Reply) -> tuple[str, ...]:
    return reply.probe.options.stop if reply.probe is not None else ()


@fault(breaks=stop_is_not_shown, also=("sampling",))
def stop_string_shown(reply: Reply) -> Reply:
    """The text is cut after the stop string instead of before (transformers serve)."""
    stops = _stop_strings(reply)
    return _append_text(reply, stops[0]) if len(stops) == 1 else reply


@fault(breaks=stop_ends_the_answer, also=("sampling.stop-spans-tokens",))
def stop_string_cut_out(reply: Reply) -> Reply:
    """A gateway removes the stop string from the text, but generation continues."""
    if len(_stop_strings(reply)) != 1 or _sent_as_string(reply):
        return reply
    return _append_text(reply, " 42, and that is all there is to say")


@fault(breaks=stop_spans_tokens)
def stop_compared_with_tokens(reply: Reply) -> Reply:
    """Stop strings are compared with single tokens instead of the whole text."""
    stops = _stop_strings(reply)
    if INSIDE.options.stop[0] not in stops:
        return reply
    return _append_text(reply, INSIDE.options.stop[0])


@fault(breaks=first_stop_wins)
def first_in_list_wins(reply: Reply) -> Reply:
    """Only the first stop string of the list is used."""
    stops = _stop_strings(reply)
    return _append_text(reply, f"{stops[1]} ") if len(stops) > 1 else reply


def _sent_as_string(reply: Reply) -> bool:
    return isinstance(request_body(reply).get("stop"), str)


@fault(breaks=stop_may_be_text)
def stop_read_letter_by_letter(reply: Reply) -> Reply:
    """A stop string is iterated like a list, so each of its letters is a stop."""
    if not _sent_as_string(reply):
        return reply

    def cut_early(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in pieces:
            yield replace(piece, text="T") if piece.kind is PieceKind.ANSWER else piece

    return rewrite_pieces(reply, cut_early)


@fault(breaks=stop_finishes_with_stop)
def stop_called_length(reply: Reply) -> Reply:
    """A stopped reply gets the finish reason length."""
    if not _stop_strings(reply):
        return reply

    def replace_finish_reason(value: Json) -> Json:
        choices = value.get("choices") if isinstance(value, dict) else None
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("finish_reason") == "stop":
                choice["finish_reason"] = "length"
        return value

    return reply.change(replace_finish_reason)
