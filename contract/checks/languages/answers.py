"""That text of any language comes back whole, in JSON and in the events of a stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.model.chat import (
    Options,
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
    UTF8,
    UTF8_WHOLE,
    user,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
STREAMING = frozenset({Capability.STREAMING})
SCRIPTS = Probe(
    name="scripts-streamed",
    messages=(
        user(
            "Repeat exactly: नमस्ते שָׁלוֹם Ａé 𠮷野家 "
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1fa\U0001f1e6"
        ),
    ),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    stream=True,
)
SCRIPTS_WHOLE = replace(SCRIPTS, name="scripts-whole", stream=False)


def _texts(exchange: Exchange) -> Iterator[tuple[str, str]]:
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        yield kind.value, exchange.text_of(kind)


def _foreign(*exchanges: Exchange) -> None:
    if all(text.isascii() for one in exchanges for _, text in _texts(one)):
        raise NotApplicable("the replies hold no character of more than one byte")


@check(
    "languages.answer-is-whole",
    "A whole answer MUST NOT hold U+FFFD or half a surrogate pair.",
    source="RFC 8259 8.1 and 8.2; RFC 3629",
    sends=(UTF8_WHOLE, SCRIPTS_WHOLE),
)
def answer_is_whole(*exchanges: Exchange) -> Findings:
    _foreign(*exchanges)
    for exchange in exchanges:
        for kind, text in _texts(exchange):
            spoiled = re.search(f"[{REPLACEMENT}\ud800-\udfff]", text)
            if spoiled:
                yield Finding(
                    f"a character of the {kind} did not survive",
                    expected="whole characters",
                    actual=shorten(ascii(text)),
                    at=exchange.probe.name,
                )


@fault(
    breaks=answer_is_whole,
    also=(
        "structured.keys-survive",
        "languages.streamed-equals-whole",
    ),
)
def bytes_joined_late(reply: Reply) -> Reply:
    """Each token becomes text before they are joined, in whole answers too."""
    if reply.streamed:
        return reply
    return _respelled(
        reply, lambda text: re.sub("[\U00010000-\U0010ffff]", REPLACEMENT, text)
    )


# One half of a pair that is spelled as escapes, and not followed by the other.
_HIGH = re.compile(rb"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})", re.IGNORECASE)
_LOW = re.compile(rb"(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}", re.IGNORECASE)


@check(
    "languages.pairs-are-not-torn",
    "An event MUST NOT hold one half of a surrogate pair without the other.",
    source="RFC 8259 8.2",
    sends=(UTF8, SCRIPTS),
    needs=STREAMING,
)
def pairs_are_not_torn(*exchanges: Exchange) -> Findings:
    r"""Halves that meet again in the next event are lost to readers that are strict."""
    _foreign(*exchanges)
    for exchange in exchanges:
        for number, event in enumerate(exchange.events):
            data = event.data.encode(errors="surrogatepass")
            torn = _HIGH.search(data) or _LOW.search(data)
            if torn:
                yield Finding(
                    "half a character was sent",
                    expected="both halves in one event",
                    actual=torn[0].decode(),
                    at=f"{exchange.probe.name}, event {number}",
                )


@fault(
    breaks=pairs_are_not_torn,
    also=("streaming.utf8-intact", "languages.streamed-equals-whole"),
)
def pairs_torn(reply: Reply) -> Reply:
    """A server that counts in UTF-16 cuts a delta between two halves."""
    if not reply.streamed:
        return reply
    frames = (
        replace(frame, data=re.sub(rb"\xf0[\x80-\xbf]{3}", _first_half, frame.data))
        for frame in reply.frames
    )
    return reply.with_frames(frames)


def _first_half(found: re.Match[bytes]) -> bytes:
    return f"\\u{0xD800 + ((ord(found[0].decode()) - 0x10000) >> 10):04x}".encode()


@check(
    "languages.answer-is-encoded-once",
    "An answer MUST NOT be encoded as UTF-8 twice.",
    source="RFC 8259 8.1",
    sends=(UTF8, UTF8_WHOLE),
    needs=STREAMING,
)
def answer_is_encoded_once(*exchanges: Exchange) -> Findings:
    """Text that is all Latin-1 and, taken as its bytes, UTF-8 again was."""
    _foreign(*exchanges)
    for exchange in exchanges:
        for kind, text in _texts(exchange):
            once = _decoded(text)
            if once is not None:
                yield Finding(
                    f"the {kind} was encoded twice",
                    expected=shorten(once),
                    actual=shorten(text),
                    at=exchange.probe.name,
                )


def _decoded(text: str) -> str | None:
    if text.isascii():
        return None
    try:
        return text.encode("latin-1").decode()
    except ValueError:
        return None


@fault(breaks=answer_is_encoded_once, also=("structured.keys-survive",))
def encoded_twice(reply: Reply) -> Reply:
    """A proxy takes the bytes of an answer for Latin-1 and encodes them again."""
    return _respelled(
        reply, lambda text: text.encode(errors="replace").decode("latin-1")
    )


@check(
    "languages.streamed-equals-whole",
    "Text of any script SHOULD be the same streamed and whole.",
    source="house rule; OpenAI API reference, streaming",
    sends=(UTF8, UTF8_WHOLE, SCRIPTS, SCRIPTS_WHOLE),
    needs=STREAMING | {Capability.SEED},
)
def streamed_equals_whole(*exchanges: Exchange) -> Findings:
    """White space around a text does not count: some servers trim whole answers."""
    _foreign(*exchanges)
    for streamed, whole in zip(exchanges[::2], exchanges[1::2], strict=True):
        if not streamed.pieces or not whole.pieces:
            raise NotApplicable("one of the replies says nothing")
        for (kind, seen), (_, wanted) in zip(
            _texts(streamed), _texts(whole), strict=True
        ):
            if seen.strip() != wanted.strip():
                yield Finding(
                    f"the {kind} is another one streamed",
                    expected=shorten(ascii(wanted)),
                    actual=shorten(ascii(seen)),
                    at=streamed.probe.name,
                )


@fault(breaks=streamed_equals_whole)
def marks_lost_between_deltas(reply: Reply) -> Reply:
    """A delta that is nothing but a joiner or a mark counts as empty and is dropped."""
    if not reply.streamed:
        return reply
    return _respelled(
        reply,
        lambda text: re.sub(
            "[\u200d\u0300-\u036f\u0900-\u0903\u093e-\u094f]", "", text
        ),
    )


def _respelled(reply: Reply, change: Callable[[str], str]) -> Reply:
    """*reply* with its texts as *change* spells them; calls of tools stay."""

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in pieces:
            yield (
                piece
                if piece.kind is PieceKind.TOOL
                else replace(piece, text=change(piece.text))
            )

    return rewrite_pieces(reply, changed)
