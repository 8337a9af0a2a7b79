"""That what is said makes sense: the one thing that formats and counts cannot tell."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import (
    Piece,
    PieceKind,
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
from contract.model.probes import SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

RIGHT = ("42", "forty-two", "forty two")


@check(
    "conversation.answers-a-sum",
    "Asked for 6 times 7, a model MUST say 42.",
    source="ollama/ollama#11130: Magistral quantised to noise",
    sends=SUM_WHOLE,
    needs={Capability.FOLLOWS_INSTRUCTIONS},
)
def answers_a_sum(exchange: Exchange) -> Findings:
    """Weights that were quantised too far, or cached in too few bits, say anything."""
    said = exchange.answer.casefold()
    if any(right in said for right in RIGHT):
        return
    if not said.strip() or ("length",) in exchange.finishes.values():
        raise NotApplicable("no answer came, or it was cut; other checks say why")
    yield Finding(
        "the answer is wrong",
        expected="42",
        actual=shorten(exchange.answer),
        at=f"request {exchange.probe.name}",
    )


@fault(breaks=answers_a_sum)
def quantised_too_far(reply: Reply) -> Reply:
    """Too few bits a weight make another token the likeliest."""

    def confused(pieces: tuple[Piece, ...]) -> list[Piece]:
        return [
            replace(piece, text=piece.text.replace("4", "2"))
            if piece.kind is PieceKind.ANSWER
            else piece
            for piece in pieces
        ]

    asked = reply.probe.messages[-1].text if reply.probe is not None else ""
    return rewrite_pieces(reply, confused) if "6 times 7" in asked else reply
