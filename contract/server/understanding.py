"""The body of a chat request, read and judged: a task, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

import orjson

from contract import spec, tokens
from contract.cells import capped
from contract.chat import Json, Probe
from contract.dialects.base import Dialect, Problem, Trouble
from contract.server import engine, images
from contract.server.answering import Said, Task, answered
from contract.server.instance import UnsatisfiableError
from contract.server.rules import Rules


@dataclass(frozen=True, slots=True, eq=False)
class Understood:
    """
    What a chat request comes to: a problem or a task.

    *said* is the answer where nothing is drawn by lot. Equal only to itself, so that
    things can be remembered about it at no cost.
    """

    problem: Problem | None = None
    task: Task | None = None
    said: Said | None = None


def understand(
    body: bytes, dialect: Dialect, rules: Rules, models: tuple[str, ...], window: int
) -> Understood:
    """A chat body as *dialect*'s provider with these *models* understands it."""
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return Understood(unreadable(body, error))
    name = dialect.prefix + "ChatRequest"
    if not spec.accepts(name, value) or not isinstance(value, dict):
        return Understood(violation(name, value))
    probe = _read(value, dialect, rules)
    problem = (
        _unserved(probe, value, rules, models)
        or next((p for judge in rules.judges if (p := judge(probe, value))), None)
        or images.problem(probe, rules.images, rules.formats)
    )
    if problem is not None:
        return Understood(replace(problem, body=value))
    prompt = tokens.prompt(probe, dialect.cells or capped)
    asked = probe.options.max_tokens
    room = rules.room(prompt, asked, window)
    if isinstance(room, Problem):
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
            Problem(
                trouble=Trouble.UNSUPPORTED,
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
    quiet = rules.quiet_json and engine.wants_json(options.response_format)
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
) -> Problem | None:
    model = body.get("model")
    # Where the schema lets a request name no model, the first one answers; those who
    # always name that one take an empty name for none.
    absent = model is None or (not model and not rules.echoes)
    if rules.any_model or absent or probe.model in models:
        return None
    return Problem(
        trouble=Trouble.MODEL, pointer="/model", value=model, expected=models[0]
    )


def unreadable(body: bytes, error: orjson.JSONDecodeError) -> Problem:
    """Why bytes are no JSON."""
    try:
        body.decode()
    except UnicodeDecodeError as broken:
        message = "the body is not UTF-8"
        return Problem(trouble=Trouble.ENCODING, message=message, count=broken.start)
    return Problem(trouble=Trouble.MALFORMED, message=error.msg, count=error.pos)


def violation(name: str, body: Json) -> Problem:
    """The first reason why a body does not fit its schema."""
    found = next(iter(spec.violations(name, body, most=1)), None)
    if found is None:
        return Problem(trouble=Trouble.SCHEMA, message="the body is no such request")
    return Problem(
        trouble=Trouble.SCHEMA,
        message=found.message,
        pointer=found.pointer,
        keyword=found.keyword,
        value=_at(body, found.pointer),
        expected=found.expected,
        body=body,
    )


def _at(body: Json, pointer: str) -> Json:
    """What stands at a JSON Pointer; None when nothing does."""
    value = body
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
