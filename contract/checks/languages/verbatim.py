"""Checks that a text which the model repeats arrives letter by letter."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.checks.combined.repeating import (
    COMPOSED,
    LINES,
    MARKUP,
    ORDER,
    PLAIN_AT_ONCE,
    repeating,
)
from contract.checks.languages.changes import OF_SERVERS, Change, change_of
from contract.checks.sources import OPENAI_CHAT_OBJECT
from contract.model.chat import Piece, PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

NEEDS = frozenset({Capability.STREAMING})
FOLLOWS = NEEDS | {Capability.FOLLOWS_INSTRUCTIONS}
FORM = "https://unicode.org/reports/tr15/"

DECOMPOSED = unicodedata.normalize("NFD", "A café for Zoë in Ångström, naïve")
INVISIBLE = "one\u200btwo, three\u200cfour, five\u2060six, soft\u00adware, end"
BLANKS = "(  two  spaces  )\n\n\tone tab\n    four spaces  \n(end)"


PLAIN = (
    *repeating("markup", MARKUP),
    *repeating("composed", COMPOSED),
    *repeating("lines", LINES),
)
DELICATE = (
    *repeating("decomposed", DECOMPOSED),
    *repeating("invisible", INVISIBLE),
    *repeating("blanks", BLANKS),
)
# The same texts in one, and so in two requests instead of six.
DELICATE_AT_ONCE = repeating("delicate", f"{DECOMPOSED}\n\n{INVISIBLE}\n\n{BLANKS}")
EVERY_PLAIN = (*PLAIN, *PLAIN_AT_ONCE)
EVERY_DELICATE = (*DELICATE, *DELICATE_AT_ONCE)


def _requested(exchange: Exchange) -> str:
    return exchange.probe.messages[-1].text.removeprefix(ORDER)


def _answered(exchange: Exchange) -> str:
    """Return the answer without outer white space, which some servers trim."""
    return exchange.answer.strip()


def _change(exchange: Exchange) -> Change | None:
    """Return what happened to the requested text; None for nothing or other words."""
    text = _requested(exchange)
    deltas = [
        piece.text
        for _, piece in exchange.placed_pieces
        if piece.kind is PieceKind.ANSWER and piece.choice == 0
    ]
    if _answered(exchange) == text:
        return None
    if len(deltas) > 1 and deltas[-1].strip() == text:
        return Change.CUMULATIVE
    return change_of(text, _answered(exchange))


def _finding(exchange: Exchange, change: Change) -> Finding:
    text = _requested(exchange)
    answer = _answered(exchange)
    pairs = enumerate(zip(text, answer, strict=False))
    first = next(
        (place for place, (a, b) in pairs if a != b), min(len(text), len(answer))
    )
    start = max(first - 10, 0)
    return Finding(
        f"the text was changed: {change}",
        expected=shorten(spell(text[start : first + 30], escape=True)),
        actual=shorten(spell(answer[start : first + 30], escape=True)),
        at=f"{exchange.probe.name}, character {first}",
    )


def _exactly(*exchanges: Exchange) -> Findings:
    """Yield a finding for each answer that is another text, for whatever reason."""
    for exchange in exchanges:
        if _answered(exchange) != _requested(exchange):
            yield Finding("the answer is not the requested text")


@check(
    "languages.text-is-not-rewritten",
    "Generated text MUST NOT be escaped, decomposed, watermarked or rearranged.",
    source=f"{OPENAI_CHAT_OBJECT}: message.content; {FORM}",
    sends=PLAIN,
    needs=NEEDS,
    combined=Combined(sends=PLAIN_AT_ONCE, judge=_exactly),
)
def text_is_not_rewritten(*exchanges: Exchange) -> Findings:
    """
    A model can misquote a text, so that is not judged.

    It is the server that changed a text if a model does not make such a change, or if
    of the whole and the streamed answer the other one repeats the text exactly.
    """
    judged = False
    for pair in zip(exchanges[::2], exchanges[1::2], strict=True):
        exact = [_answered(one) == _requested(one) for one in pair]
        for exchange, other_is_exact in zip(pair, reversed(exact), strict=True):
            change = _change(exchange)
            repeated = change is not None or _answered(exchange) == _requested(exchange)
            judged = judged or repeated
            if change is Change.LOST:
                continue  # a stream is compared with the whole answer elsewhere
            if change is not None and (other_is_exact or change in OF_SERVERS):
                yield _finding(exchange, change)
    if not judged:
        raise NotApplicable("the model did not repeat the text")


@check(
    "languages.text-is-repeated-exactly",
    "A text that is to be repeated exactly SHOULD arrive letter by letter.",
    source=f"{OPENAI_CHAT_OBJECT}: message.content; {FORM}",
    sends=(*PLAIN, *DELICATE),
    needs=FOLLOWS,
    combined=Combined(sends=(*PLAIN_AT_ONCE, *DELICATE_AT_ONCE), judge=_exactly),
)
def text_is_repeated_exactly(*exchanges: Exchange) -> Findings:
    """Judged where the answer is that text, whatever happened to its letters."""
    judged = False
    for exchange in exchanges:
        change = _change(exchange)
        judged = judged or change is not None
        judged = judged or _answered(exchange) == _requested(exchange)
        if change is not None:
            yield _finding(exchange, change)
    if not judged:
        raise NotApplicable("the model did not repeat a text")


def _repeats(reply: Reply, probes: tuple[Probe, ...]) -> bool:
    """Whether *reply* answers one of *probes*."""
    asked = reply.probe.messages if reply.probe is not None else ()
    texts = {probe.messages[-1].text for probe in probes}
    return bool(asked) and asked[-1].text in texts


def _rewritten(
    reply: Reply, probes: tuple[Probe, ...], change: Callable[[str], str]
) -> Reply:
    """Return *reply* with *change* applied to each piece of a repeated text."""
    if not _repeats(reply, probes):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in pieces:
            answer = piece.kind is PieceKind.ANSWER
            yield replace(piece, text=change(piece.text)) if answer else piece

    return rewrite_pieces(reply, changed)


ALSO = ("languages.text-is-repeated-exactly",)


@fault(breaks=text_is_not_rewritten, also=ALSO)
def answer_escaped_for_html(reply: Reply) -> Reply:
    """A gateway escapes the answer for a web page: & becomes &amp;."""
    return _rewritten(reply, EVERY_PLAIN, html.escape)


@fault(breaks=text_is_not_rewritten, also=ALSO)
def answer_decomposed(reply: Reply) -> Reply:
    """A gateway on macOS normalises the answer to NFD."""
    return _rewritten(
        reply, EVERY_PLAIN, lambda text: unicodedata.normalize("NFD", text)
    )


@fault(breaks=text_is_not_rewritten, also=ALSO)
def answer_folded(reply: Reply) -> Reply:
    """A filter normalises the answer to NFKC: ™ becomes TM, and ² becomes 2."""
    return _rewritten(
        reply, EVERY_PLAIN, lambda text: unicodedata.normalize("NFKC", text)
    )


@fault(breaks=text_is_not_rewritten, also=ALSO)
def answer_watermarked(reply: Reply) -> Reply:
    """A watermark of zero-width spaces is written between words."""
    return _rewritten(reply, EVERY_PLAIN, lambda text: text.replace(" ", " \u200b"))


@fault(breaks=text_is_not_rewritten, also=ALSO)
def lines_joined_in_streams(reply: Reply) -> Reply:
    """A stream's writer keeps each event on one line by replacing line feeds."""
    if not reply.streamed:
        return reply
    return _rewritten(reply, EVERY_PLAIN, lambda text: text.replace("\n", " "))


@fault(breaks=text_is_not_rewritten, also=ALSO)
def lines_end_in_crlf(reply: Reply) -> Reply:
    """A gateway on Windows writes line feeds as CR LF, in the texts as well."""
    return _rewritten(reply, EVERY_PLAIN, lambda text: text.replace("\n", "\r\n"))


@fault(breaks=text_is_not_rewritten, also=ALSO)
def deltas_cumulative(reply: Reply) -> Reply:
    """Each delta holds the whole answer so far instead of the new part."""
    if not (reply.streamed and _repeats(reply, EVERY_PLAIN)):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        text = ""
        for piece in pieces:
            if piece.kind is PieceKind.ANSWER:
                text += piece.text
                yield replace(piece, text=text)
            else:
                yield piece

    return rewrite_pieces(reply, changed)


@fault(breaks=text_is_not_rewritten, also=ALSO)
def deltas_sent_twice(reply: Reply) -> Reply:
    """A proxy that retries a write sends the text of each delta twice."""
    if not reply.streamed:
        return reply
    return _rewritten(reply, EVERY_PLAIN, lambda text: text * 2)


@fault(breaks=text_is_not_rewritten, also=ALSO)
def deltas_swapped(reply: Reply) -> Reply:
    """Two workers write to one stream, so neighbouring deltas change places."""
    if not (reply.streamed and _repeats(reply, EVERY_PLAIN)):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> list[Piece]:
        places = [n for n, p in enumerate(pieces) if p.kind is PieceKind.ANSWER]
        swapped = list(pieces)
        for one, other in zip(places[::2], places[1::2], strict=False):
            swapped[one], swapped[other] = pieces[other], pieces[one]
        return swapped

    return rewrite_pieces(reply, changed)


@fault(breaks=text_is_repeated_exactly)
def answer_composed(reply: Reply) -> Reply:
    """A gateway normalises the answer to NFC."""
    return _whole_answer(reply, lambda text: unicodedata.normalize("NFC", text))


@fault(breaks=text_is_repeated_exactly)
def zero_width_stripped(reply: Reply) -> Reply:
    """A filter against hidden text removes zero-width characters and soft hyphens."""
    return _rewritten(
        reply,
        EVERY_DELICATE,
        lambda text: re.sub("[\u200b-\u200d\u2060\u00ad]", "", text),
    )


@fault(breaks=text_is_repeated_exactly)
def white_space_collapsed(reply: Reply) -> Reply:
    """Runs of white space are replaced by one space, as in a web page."""
    return _whole_answer(reply, lambda text: re.sub(r"\s+", " ", text))


@fault(breaks=text_is_repeated_exactly)
def quotes_curled(reply: Reply) -> Reply:
    """A typographer makes straight quotes curly, in whole answers and in streams."""
    return _rewritten(reply, EVERY_PLAIN, lambda text: text.replace("'", "\u2019"))


def _whole_answer(reply: Reply, change: Callable[[str], str]) -> Reply:
    """Return *reply* with *change* applied to a whole text of DELICATE at once."""
    if not _repeats(reply, EVERY_DELICATE):
        return reply

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        answer = [piece for piece in pieces if piece.kind is PieceKind.ANSWER]
        text = change("".join(piece.text for piece in answer))
        for piece in pieces:
            if piece.kind is not PieceKind.ANSWER:
                yield piece
            elif piece is answer[0]:
                yield replace(piece, text=text)

    return rewrite_pieces(reply, changed)
