"""Pairs of equivalent requests, and the comparison of their answers."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import Part, PieceKind
from contract.model.check import Finding, Findings, NotApplicable, shorten
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability

SEEDED = frozenset({Capability.SEED})
_COUNTERS = ("prompt_tokens", "completion_tokens")


def deterministic(probe: Probe) -> Probe:
    """Return *probe* with temperature 0, a seed and one choice."""
    options = replace(probe.options, temperature=0.0, seed=7, n=None)
    return replace(probe, options=options)


def without_prefix(probe: Probe) -> Probe:
    """
    Return *probe* without a final assistant message to be continued.

    Some servers repeat that prefix in whole responses and not in streams.
    """
    *before, last = probe.messages
    return replace(probe, messages=tuple(before)) if last.prefix else probe


def last_question(probe: Probe) -> str:
    """Return the text of the last user message; "Hello." if it has only images."""
    return probe.messages[_last_user_index(probe)].text or "Hello."


def with_last_question(probe: Probe, content: str | tuple[Part, ...]) -> Probe:
    """Return *probe* with the content of its last user message replaced."""
    index = _last_user_index(probe)
    message = replace(probe.messages[index], content=content)
    messages = (*probe.messages[:index], message, *probe.messages[index + 1 :])
    return replace(probe, messages=messages)


def last_user_content(probe: Probe | None) -> str | tuple[Part, ...]:
    """Return the content of the last user message; empty if there is none."""
    messages = probe.messages if probe is not None else ()
    contents = [message.content for message in messages if message.role == "user"]
    return contents[-1] or "" if contents else ""


def differences(one: Exchange, other: Exchange) -> Findings:
    """
    Yield a finding for each difference between the answers to equivalent requests.

    Raises `NotApplicable` if neither has any text, finish reason or usage.
    """
    pairs: list[tuple[str, object, object]] = [
        ("reasoning", one.reasoning, other.reasoning),
        ("answer", one.answer, other.answer),
        ("call", _calls(one), _calls(other)),
        ("finish reason", one.finish, other.finish),
        *((name, one.count(name), other.count(name)) for name in _COUNTERS),
    ]
    if not any(expected or actual for _, expected, actual in pairs):
        raise NotApplicable("neither answer contains anything to compare")
    for name, expected, actual in pairs:
        if expected != actual:
            yield Finding(f"different {name}", shorten(expected), shorten(actual))


def _last_user_index(probe: Probe) -> int:
    return max(n for n, message in enumerate(probe.messages) if message.role == "user")


def _calls(exchange: Exchange) -> str:
    """Return names and arguments in order, without ids, which may be random."""
    calls = (piece for piece in exchange.pieces if piece.kind is PieceKind.TOOL)
    return "".join(
        f"{piece.call.name or ''}{piece.text}" for piece in calls if piece.call
    )
