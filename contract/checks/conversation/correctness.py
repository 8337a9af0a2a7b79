"""Answer correctness check: the model still computes a simple product."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import Piece, PieceKind
from contract.model.check import Finding, Findings, NotApplicable, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.probes import SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

CORRECT = ("42", "forty-two", "forty two")


@check(
    "conversation.answers-a-sum",
    "A model that is asked for 6 times 7 MUST answer 42.",
    source="ollama/ollama#11130: Magistral quantised to noise",
    sends=SUM_WHOLE,
    needs={Capability.FOLLOWS_INSTRUCTIONS},
)
def answers_a_sum(exchange: Exchange) -> Findings:
    """Weights or KV caches quantised to too few bits produce arbitrary text."""
    answer = exchange.answer.casefold()
    if any(correct in answer for correct in CORRECT):
        return
    if not answer.strip() or ("length",) in exchange.finishes.values():
        raise NotApplicable("the answer is empty or truncated; see other checks")
    yield Finding(
        "the answer is wrong",
        expected="42",
        actual=shorten(exchange.answer),
        at=f"request {exchange.probe.name}",
    )


@fault(breaks=answers_a_sum)
def quantised_too_far(reply: Reply) -> Reply:
    """Too few bits per weight make a wrong token the most likely one."""

    def confused(pieces: tuple[Piece, ...]) -> list[Piece]:
        return [
            replace(piece, text=piece.text.replace("4", "2"))
            if piece.kind is PieceKind.ANSWER
            else piece
            for piece in pieces
        ]

    question = reply.probe.messages[-1].text if reply.probe is not None else ""
    return rewrite_pieces(reply, confused) if "6 times 7" in question else reply
