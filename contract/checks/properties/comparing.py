"""What two answers must have in common that were asked for the same."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import (
    Json,
    Part,
    PieceKind,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability

SEEDED = frozenset({Capability.SEED})
_ALIKE = ("prompt_tokens", "completion_tokens")


def certain(probe: Probe) -> Probe:
    """*probe* without chance and with one choice, so that there is one right answer."""
    options = replace(probe.options, temperature=0.0, seed=7, n=None)
    return replace(probe, options=options)


def unbegun(probe: Probe) -> Probe:
    """*probe* without the beginning of an answer, which some repeat in no stream."""
    *before, last = probe.messages
    return replace(probe, messages=tuple(before)) if last.prefix else probe


def question(probe: Probe) -> str:
    """The text of the last question; what shows only pictures says hello."""
    return probe.messages[_place(probe)].text or "Hello."


def reworded(probe: Probe, content: str | tuple[Part, ...]) -> Probe:
    """*probe* with another last question."""
    place = _place(probe)
    turn = replace(probe.messages[place], content=content)
    turns = (*probe.messages[:place], turn, *probe.messages[place + 1 :])
    return replace(probe, messages=turns)


def asked(probe: Probe | None) -> str | tuple[Part, ...]:
    """The content of the last question; empty where nobody asks."""
    turns = probe.messages if probe is not None else ()
    said = [turn.content for turn in turns if turn.role == "user"]
    return said[-1] or "" if said else ""


def more_tokens(usage: dict[str, Json], more: int) -> None:
    """Charge *more* tokens for the prompt, so that the counters still add up."""
    for name in ("prompt_tokens", "total_tokens"):
        value = usage.get(name)
        if isinstance(value, int):
            usage[name] = value + more


def differences(one: Exchange, other: Exchange) -> Findings:
    """What the answers to two equal requests do not have in common."""
    pairs: list[tuple[str, object, object]] = [
        ("reasoning", one.reasoning, other.reasoning),
        ("answer", one.answer, other.answer),
        ("call", _calls(one), _calls(other)),
        ("finish reason", one.finish, other.finish),
        *((name, one.count(name), other.count(name)) for name in _ALIKE),
    ]
    if not any(expected or actual for _, expected, actual in pairs):
        raise NotApplicable("neither answer says anything that could be compared")
    for name, expected, actual in pairs:
        if expected != actual:
            yield Finding(f"the {name} is another", shorten(expected), shorten(actual))


def _place(probe: Probe) -> int:
    return max(n for n, turn in enumerate(probe.messages) if turn.role == "user")


def _calls(exchange: Exchange) -> str:
    """Names and arguments in order; ids may be drawn by lot."""
    calls = (piece for piece in exchange.pieces if piece.kind is PieceKind.TOOL)
    return "".join(
        f"{piece.call.name or ''}{piece.text}" for piece in calls if piece.call
    )
