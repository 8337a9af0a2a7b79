"""Answer text checks: characters of any script arrive intact, whole and streamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.model.chat import Options, Piece, PieceKind
from contract.model.check import (
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
from contract.model.probe import Probe
from contract.model.probes import MAX_TOKENS, UTF8, UTF8_WHOLE, user
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


def _require_non_ascii(*exchanges: Exchange) -> None:
    if all(text.isascii() for one in exchanges for _, text in _texts(one)):
        raise NotApplicable("the replies contain only ASCII characters")


@check(
    "languages.answer-is-whole",
    "A whole answer MUST NOT contain U+FFFD or half a surrogate pair.",
    source="RFC 8259 8.1 and 8.2; RFC 3629",
    sends=(UTF8_WHOLE, SCRIPTS_WHOLE),
    every=Scope.WHOLE,
)
def answer_is_whole(*exchanges: Exchange) -> Findings:
    _require_non_ascii(*exchanges)
    for exchange in exchanges:
        for kind, text in _texts(exchange):
            if re.search(f"[{REPLACEMENT}\ud800-\udfff]", text):
                yield Finding(
                    f"a character of the {kind} is damaged",
                    expected="intact characters",
                    actual=shorten(spell(text, escape=True)),
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
    """Each token is decoded to text separately, even in whole answers."""
    if reply.streamed:
        return reply
    return _rewritten(
        reply, lambda text: re.sub("[\U00010000-\U0010ffff]", REPLACEMENT, text)
    )


# An escaped half of a surrogate pair without the other half beside it.
_HIGH = re.compile(rb"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})", re.IGNORECASE)
_LOW = re.compile(rb"(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}", re.IGNORECASE)


@check(
    "languages.pairs-are-not-torn",
    "An event MUST NOT contain half of a surrogate pair without the other half.",
    source="RFC 8259 8.2",
    sends=(UTF8, SCRIPTS),
    needs=STREAMING,
    every=Scope.STREAMS,
)
def pairs_are_not_torn(exchange: Exchange) -> Findings:
    """Halves in two separate events are lost to strict JSON parsers."""
    _require_non_ascii(exchange)
    # Half a pair is written as an escape, or is no UTF-8.
    if b"\\u" not in exchange.body and b"\xed" not in exchange.body:
        return
    for number, event in enumerate(exchange.events):
        data = event.data.encode(errors="surrogatepass")
        half = _HIGH.search(data) or _LOW.search(data)
        if half:
            yield Finding(
                "an event contains half of a surrogate pair",
                expected="both halves in one event",
                actual=half[0].decode(),
                at=f"{exchange.probe.name}, event {number}",
            )


@fault(
    breaks=pairs_are_not_torn,
    also=("streaming.utf8-intact", "languages.streamed-equals-whole"),
)
def pairs_torn(reply: Reply) -> Reply:
    """A server that counts UTF-16 code units splits a delta inside a pair."""
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
    """Doubly encoded text is all Latin-1, and its bytes are valid UTF-8 again."""
    _require_non_ascii(*exchanges)
    for exchange in exchanges:
        for kind, text in _texts(exchange):
            decoded = _decoded(text)
            if decoded is not None:
                yield Finding(
                    f"the {kind} is encoded as UTF-8 twice",
                    expected=shorten(decoded),
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
    """A proxy reads the bytes of an answer as Latin-1 and encodes them again."""
    return _rewritten(
        reply, lambda text: text.encode(errors="replace").decode("latin-1")
    )


@check(
    "languages.streamed-equals-whole",
    "Text of any script SHOULD be the same whether streamed or whole.",
    source="house rule; OpenAI API reference, streaming",
    sends=(UTF8, UTF8_WHOLE, SCRIPTS, SCRIPTS_WHOLE),
    needs=STREAMING | {Capability.SEED},
)
def streamed_equals_whole(*exchanges: Exchange) -> Findings:
    """Surrounding white space is ignored, because some servers trim whole answers."""
    _require_non_ascii(*exchanges)
    for streamed, whole in zip(exchanges[::2], exchanges[1::2], strict=True):
        if not streamed.pieces or not whole.pieces:
            raise NotApplicable("one of the replies is empty")
        for (kind, actual), (_, expected) in zip(
            _texts(streamed), _texts(whole), strict=True
        ):
            if actual.strip() != expected.strip():
                yield Finding(
                    f"the streamed {kind} differs from the whole one",
                    expected=shorten(spell(expected, escape=True)),
                    actual=shorten(spell(actual, escape=True)),
                    at=streamed.probe.name,
                )


@fault(
    breaks=streamed_equals_whole,
    also=("languages.text-is-not-rewritten", "languages.text-is-repeated-exactly"),
)
def marks_lost_between_deltas(reply: Reply) -> Reply:
    """A delta that consists of a joiner or a mark is considered empty and dropped."""
    if not reply.streamed:
        return reply
    return _rewritten(
        reply,
        lambda text: re.sub(
            "[\u200d\u0300-\u036f\u0900-\u0903\u093e-\u094f]", "", text
        ),
    )


def _rewritten(reply: Reply, change: Callable[[str], str]) -> Reply:
    """Return *reply* with *change* applied to its texts, but not to its tool calls."""

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in pieces:
            yield (
                piece
                if piece.kind is PieceKind.TOOL
                else replace(piece, text=change(piece.text))
            )

    return rewrite_pieces(reply, changed)
