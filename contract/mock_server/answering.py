"""Completions: the engine's output with a dialect's finish reasons and usage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from contract.mock_server import engine
from contract.mock_server.engine import Generated
from contract.model.chat import Piece, PieceKind
from contract.model.custom import CustomReply
from contract.model.dialect import Answer, Usage
from contract.model.probe import Probe
from contract.model.rules import Rules

_MOST_KNOWN = 1_024


@dataclass(frozen=True, slots=True)
class Task:
    """A request that was accepted."""

    probe: Probe
    # Tokens of the prompt.
    prompt_tokens: int
    # Completion budget: tokens that each choice may have at most.
    budget: int
    # Whether the context window sets the budget, and not the request.
    window_limited: bool = False
    # Whether the response contains the reasoning.
    shows_reasoning: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """
    The choices of one response and their token counts.

    Compared by identity, so that a cache keyed by it costs nothing.
    """

    answers: tuple[Answer, ...]
    usage: Usage


# Completions of choices that are shared, by what they depend on.
_known: dict[tuple[object, ...], Completion] = {}


def complete(
    task: Task, rules: Rules, random: Random, custom: CustomReply | None = None
) -> Completion:
    """
    Return the completion of *task* under the *rules* of a dialect.

    A *custom* reply takes the place of the script, and of the counts that it gives.

    *random* is used only if the request sets neither a seed nor temperature 0.
    """
    options = task.probe.options
    if options.seed is not None:
        random = Random(options.seed)  # noqa: S311  # not a secret
    elif options.temperature == 0:
        random = Random(0)  # noqa: S311  # not a secret
    choices = engine.generate(
        task.probe,
        task.budget,
        random,
        id_length=rules.call_id_length,
        custom=custom,
        resumes=rules.resumes_reasoning,
    )
    if custom is None and len(choices) == 1 and choices[0].is_shared:
        return _shared(choices[0], task, rules)
    return _completion(choices, task, rules, custom)


def _shared(choice: Generated, task: Task, rules: Rules) -> Completion:
    """Return the completion with a choice of which the engine has one only."""
    last = task.probe.messages[-1] if task.probe.messages else None
    # All that the completion depends on.
    key = (
        choice,
        task.prompt_tokens,
        task.shows_reasoning,
        task.window_limited and rules.full_window_finish,
        rules.repeats_prefix and last is not None and last.prefix and last.text,
    )
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _known[key] = _completion((choice,), task, rules, None)
    return found


def _completion(
    choices: tuple[Generated, ...],
    task: Task,
    rules: Rules,
    custom: CustomReply | None,
) -> Completion:
    usage = Usage(
        task.prompt_tokens,
        sum(choice.tokens for choice in choices),
        sum(choice.reasoning_tokens for choice in choices),
    )
    answers = tuple(_answer(choice, task, rules) for choice in choices)
    if custom is not None:
        usage = _reported(usage, custom)
        if custom.finish:
            answers = tuple(replace(one, finish=custom.finish) for one in answers)
    return Completion(answers, usage)


def _reported(usage: Usage, custom: CustomReply) -> Usage:
    """Return *usage* with the counts that a custom reply gives."""
    prompt, completion = custom.prompt_tokens, custom.completion_tokens
    return Usage(
        usage.prompt if prompt is None else prompt,
        usage.completion if completion is None else completion,
        usage.reasoning if completion is None else min(usage.reasoning, completion),
    )


def _answer(choice: Generated, task: Task, rules: Rules) -> Answer:
    """Return one choice with the dialect's finish reason and handling of a prefix."""
    finish, pieces, tokens = (
        choice.answer.finish,
        choice.answer.pieces,
        choice.answer.tokens,
    )
    if finish == "length" and task.window_limited:
        finish = rules.full_window_finish
    if finish == "tool_calls" and (task.probe.options.tool_choice or "")[:1] == "=":
        finish = rules.forced_call_finish
    if not task.shows_reasoning:
        pieces = tuple(
            piece for piece in pieces if piece.kind is not PieceKind.REASONING
        )
        tokens = tuple(t for t in tokens if t.kind is not PieceKind.REASONING)
    last = task.probe.messages[-1] if task.probe.messages else None
    if rules.repeats_prefix and last is not None and last.prefix and last.text:
        pieces = (Piece(PieceKind.ANSWER, last.text), *pieces)
    wanted = task.probe.options.tool_choice or ""
    forced = wanted == "required" or wanted.startswith("=")
    forced = forced and any(piece.kind is PieceKind.TOOL for piece in pieces)
    return Answer(pieces, finish, tokens, choice.answer.stop, forced)
