"""What the engine says becomes what a provider answers, and what it charges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from contract.mock_server import engine
from contract.mock_server.engine import Spoken
from contract.model.chat import (
    Piece,
    PieceKind,
    Probe,
)
from contract.model.dialect import (
    Answer,
    Usage,
)
from contract.model.rules import Rules


@dataclass(frozen=True, slots=True)
class Task:
    """
    A request that can be answered.

    *room* bounds the tokens of a choice; *full* says that the context window is the
    bound, not the request. *reasoning* says whether the thought is shown.
    """

    probe: Probe
    prompt: int
    room: int
    full: bool = False
    reasoning: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """The choices of one response and its token counts."""

    answers: tuple[Answer, ...]
    usage: Usage


def answered(task: Task, rules: Rules, random: Random) -> Said:
    """The answer to *task*; *random* is used where the request leaves it open."""
    options = task.probe.options
    if options.seed is not None:
        random = Random(options.seed)  # noqa: S311  # a draw, not a secret
    elif options.temperature == 0:
        random = Random(0)  # noqa: S311  # a draw, not a secret
    spoken = engine.answer(
        task.probe, task.room, random, id_length=rules.call_id_length
    )
    usage = Usage(
        task.prompt,
        sum(said.tokens for said in spoken),
        sum(said.reasoning for said in spoken),
    )
    return Said(tuple(_finished(said, task, rules) for said in spoken), usage)


def _finished(said: Spoken, task: Task, rules: Rules) -> Answer:
    """One choice with the provider's own finish reason and prefix."""
    finish, pieces = said.answer.finish, said.answer.pieces
    if finish == "length" and task.full:
        finish = rules.full_window_finish
    if finish == "tool_calls" and (task.probe.options.tool_choice or "")[:1] == "=":
        finish = rules.forced_call_finish
    if not task.reasoning:
        pieces = tuple(
            piece for piece in pieces if piece.kind is not PieceKind.REASONING
        )
    last = task.probe.messages[-1] if task.probe.messages else None
    if rules.repeats_prefix and last is not None and last.prefix and last.text:
        pieces = (Piece(PieceKind.ANSWER, last.text), *pieces)
    return replace(said.answer, pieces=pieces, finish=finish)
