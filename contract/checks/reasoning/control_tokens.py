"""Check that no control token of a chat template appears in the text."""

from __future__ import annotations

import re

from contract.checks.reasoning.reasoning_text import (
    PARSED,
    insert_before,
    location,
    quoted,
    require_parsed,
)
from contract.checks.sources import MISTRAL_TOKENS
from contract.model.chat import PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.portable import facts
from contract.portable.requirement import decided
from contract.portable.schemas import NOTHING, SAID, both, has, some

CONTROL = re.compile(facts.CONTROL)
LONGEST = 40  # characters of a token


@check(
    "reasoning.no-control-token",
    "Text MUST NOT contain a control token such as </s>.",
    source=f"{MISTRAL_TOKENS}; vllm-project/vllm, skip_special_tokens",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
    every=Scope.ANSWERS,
)
@decided(
    has(controlTokens=NOTHING),
    when=both(
        PARSED, has(request=has(keepsControlTokens=False)), has(texts=some(SAID))
    ),
)
def no_control_token(exchange: Exchange) -> Findings:
    """A token that a message of the request quotes may be repeated."""
    require_parsed(exchange)
    if exchange.sent.get("skip_special_tokens") is False:
        raise NotApplicable("the request asks for control tokens")
    kinds = (PieceKind.REASONING, PieceKind.ANSWER)
    texts = [text for kind in kinds for text in exchange.texts_of(kind).values()]
    if not any(texts):
        raise NotApplicable("the reply contains no text")
    if not any(CONTROL.search(text) for text in texts):
        return
    tails: dict[tuple[int, PieceKind], str] = {}
    for chunk, piece in exchange.placed_pieces:
        if piece.kind is PieceKind.TOOL:
            continue
        text = tails.get((piece.choice, piece.kind), "") + piece.text
        for found in CONTROL.finditer(text):
            if not quoted(exchange, found[0]):
                yield Finding(
                    f"the {piece.kind.value} contains a control token",
                    expected=f"no {found[0]}",
                    actual=shorten(text),
                    at=location(exchange, chunk),
                )
        rest = CONTROL.sub("", text)
        tails[piece.choice, piece.kind] = rest[-LONGEST:]


@fault(breaks=no_control_token, also=("structured", "sampling.logprobs-cover-the-text"))
def template_of_another_model(reply: Reply) -> Reply:
    """The end token of another chat template is not skipped but sent as text."""
    return rewrite_pieces(
        reply, lambda pieces: insert_before(pieces, PieceKind.ANSWER, "<|im_", "end|>")
    )


@fault(breaks=no_control_token, also=("structured", "languages", "sampling"))
def beginning_shown(reply: Reply) -> Reply:
    """The token that begins a sequence is decoded into the answer."""
    return rewrite_pieces(
        reply, lambda pieces: insert_before(pieces, PieceKind.ANSWER, "<s>")
    )
