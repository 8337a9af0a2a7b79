"""The body of a chat request, read and judged: a task, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

import orjson

from contract.mock_server import (
    engine,
    image_rules,
)
from contract.mock_server.answering import (
    Said,
    Task,
    answered,
)
from contract.mock_server.instance import UnsatisfiableError
from contract.model.chat import (
    Json,
    Probe,
)
from contract.model.dialect import Dialect
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.rules import Rules
from contract.providers.openai_format.schema_rejection import (
    malformed_body,
    schema_rejection,
)
from contract.schema import openapi
from contract.tokens import counting
from contract.tokens.patch_grid import mistral_grid


@dataclass(frozen=True, slots=True, eq=False)
class Understood:
    """
    What a chat request comes to: a problem or a task.

    *said* is the answer where nothing is drawn by lot. Equal only to itself, so that
    things can be remembered about it at no cost.
    """

    problem: Rejection | None = None
    task: Task | None = None
    said: Said | None = None


def read_request(
    body: bytes, dialect: Dialect, rules: Rules, models: tuple[str, ...], window: int
) -> Understood:
    """A chat body as *dialect*'s provider with these *models* understands it."""
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return Understood(malformed_body(body, error))
    name = dialect.prefix + "ChatRequest"
    if not openapi.accepts(name, value) or not isinstance(value, dict):
        return Understood(schema_rejection(name, value))
    probe = _read(value, dialect, rules)
    problem = (
        _unserved(probe, value, rules, models)
        or next((p for rule in rules.admission if (p := rule(probe, value))), None)
        or image_rules.problem(probe, rules.image_limit, rules.image_formats)
    )
    if problem is not None:
        return Understood(replace(problem, body=value))
    prompt = counting.prompt(probe, dialect.patch_grid or mistral_grid)
    asked = probe.options.max_tokens
    room = rules.completion_budget(prompt, asked, window)
    if isinstance(room, Rejection):
        return Understood(replace(room, body=value))
    full = asked is None or asked > room
    shows = value.get("include_reasoning") is not False
    return _tried(Task(probe, prompt, room, full, shows), rules)


def _tried(task: Task, rules: Rules) -> Understood:
    """*task* with its answer, or the reason why the engine cannot give one."""
    try:
        said = answered(task, rules, Random(0))  # noqa: S311  # a draw, not a secret
    except UnsatisfiableError as error:
        return Understood(
            Rejection(
                reason=RejectionReason.UNSUPPORTED,
                message=f"The schema cannot be followed: {error}",
                pointer="/response_format",
            )
        )
    return Understood(None, task, None if engine.by_lot(task.probe) else said)


def _read(body: dict[str, Json], dialect: Dialect, rules: Rules) -> Probe:
    """The request as the dialect reads it, with numbers that are spelled as text."""
    probe = dialect.parse(body)
    options = replace(
        probe.options,
        max_tokens=_whole(body, "max_completion_tokens", "max_tokens"),
        n=_whole(body, "n"),
    )
    quiet = rules.json_stops_reasoning and engine.wants_json(options.response_format)
    return replace(probe, options=options, reasons=probe.reasons and not quiet)


def _whole(body: Mapping[str, Json], *names: str) -> int | None:
    """The first of the members that is a number; some providers take it as text."""
    for name in names:
        value = body.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
    return None


def _unserved(
    probe: Probe, body: Mapping[str, Json], rules: Rules, models: tuple[str, ...]
) -> Rejection | None:
    model = body.get("model")
    # Where the schema lets a request name no model, the first one answers; those who
    # always name that one take an empty name for none.
    absent = model is None or (not model and not rules.echoes_model)
    if rules.any_model or absent or probe.model in models:
        return None
    return Rejection(
        reason=RejectionReason.MODEL, pointer="/model", value=model, expected=models[0]
    )
