"""Parsing and validation of chat request bodies: a task, or a rejection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

import orjson

from contract.mock_server import engine, image_rules
from contract.mock_server.answering import Completion, Task, complete
from contract.mock_server.instance import UnsatisfiableError
from contract.model.chat import Json
from contract.model.custom import Answers, CustomReply
from contract.model.dialect import Dialect
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import Rules
from contract.model.served_model import ServedModel
from contract.providers.openai_format.schema_rejection import (
    malformed_body,
    schema_rejection,
)
from contract.schema import openapi
from contract.tokens import counting
from contract.tokens.patch_grid import mistral_grid


@dataclass(frozen=True, slots=True, eq=False)
class ParsedRequest:
    """
    A chat request after validation: either a rejection or a task.

    It is compared by identity, so that a cache keyed by it costs nothing.
    """

    rejection: Rejection | None = None
    task: Task | None = None
    # The completion, unless it differs between equal requests.
    completion: Completion | None = None
    # The numbers of the custom answers that the request matches.
    matches: tuple[int, ...] = ()
    # The custom reply that is its completion.
    custom: CustomReply | None = None


def read_request(  # noqa: PLR0913, PLR0917  # what a request is read by
    body: bytes,
    dialect: Dialect,
    rules: Rules,
    models: tuple[str, ...],
    window: int,
    answers: Answers | None = None,
) -> ParsedRequest:
    """
    Parse and validate a chat request; never raises for its contents.

    Args:
        body: The request body.
        dialect: The dialect of the request.
        rules: The rules of that dialect.
        models: Names of the models served.
        window: Context window in tokens.
        answers: Custom answers; a request that matches one is not completed.
    """
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return ParsedRequest(malformed_body(body, error))
    name = dialect.prefix + "ChatRequest"
    if not openapi.accepts(name, value) or not isinstance(value, dict):
        return ParsedRequest(schema_rejection(name, value))
    asked = value
    if dialect.surface is not None:
        chat = dialect.surface.parse(value)
        value = chat if isinstance(chat, dict) else {}
    probe = _parse(value, dialect, rules)
    model = None if rules.model_named is None else rules.model_named(probe.model)
    image_limit = rules.image_limit if model is None else model.image_limit
    rejection = (
        _unknown_model(probe, value, rules, models)
        or next((r for rule in rules.admission if (r := rule(probe, value))), None)
        or image_rules.check_images(probe, image_limit, rules.image_formats)
    )
    if rejection is not None:
        return ParsedRequest(replace(rejection, body=asked))
    prompt_tokens = counting.prompt(probe, dialect.patch_grid or mistral_grid)
    max_tokens = probe.options.max_tokens
    budget = _budget(prompt_tokens, max_tokens, window, rules, model)
    if isinstance(budget, Rejection):
        return ParsedRequest(replace(budget, body=asked))
    task = Task(
        probe,
        prompt_tokens,
        budget,
        window_limited=(max_tokens is None or max_tokens > budget)
        and (model is None or budget != model.max_output),
        shows_reasoning=value.get("include_reasoning") is not False,
    )
    if answers is not None and (matches := tuple(answers.matching(probe))):
        return ParsedRequest(None, task, matches=matches)
    return completed(task, rules)


def _budget(
    prompt: int,
    asked: int | None,
    window: int,
    rules: Rules,
    model: ServedModel | None,
) -> int | Rejection:
    """Return the tokens that may be generated, within the limits of the *model*."""
    if model is not None and model.context_window is not None:
        window = min(window, model.context_window)
    budget = rules.completion_budget(prompt, asked, window)
    most = None if model is None else model.max_output
    if most is None or isinstance(budget, Rejection) or budget <= most:
        return budget
    if asked is None:
        return most
    return Rejection(
        reason=RejectionReason.MAX_TOKENS,
        message=f"max_tokens must be at most {most} for this model",
        value=asked,
        count=asked,
        limit=most,
    )


_UNUSED = Random(0)  # noqa: S311  # not a secret


def completed(
    task: Task, rules: Rules, custom: CustomReply | None = None
) -> ParsedRequest:
    """
    Return *task* with its completion, or the rejection if there can be none.

    Args:
        task: The request.
        rules: The rules of the dialect.
        custom: The custom reply to it; None for a script.
    """
    # Making a generator takes time, and few requests draw from one.
    draws = custom is not None or engine.is_random(task.probe)
    random = Random(0) if draws else _UNUSED  # noqa: S311  # not a secret
    try:
        completion = complete(task, rules, random, custom)
    except UnsatisfiableError as error:
        return ParsedRequest(
            Rejection(
                reason=RejectionReason.UNSUPPORTED,
                message=f"The schema cannot be followed: {error}",
                pointer="/response_format",
            )
        )
    except engine.TooMuchError as error:
        return ParsedRequest(
            Rejection(reason=RejectionReason.UNSUPPORTED, message=str(error))
        )
    return ParsedRequest(
        None,
        task,
        None if draws and _is_random(task.probe, custom) else completion,
    )


def _is_random(probe: Probe, custom: CustomReply | None) -> bool:
    if custom is None:
        return engine.is_random(probe)
    seeded = probe.options.seed is not None or probe.options.temperature == 0
    return bool(custom.tool_calls) and not seeded  # the ids of the calls


def _parse(body: dict[str, Json], dialect: Dialect, rules: Rules) -> Probe:
    """Return the request as a probe, including numbers that are written as strings."""
    probe = dialect.parse(body)
    options = probe.options
    max_tokens = _integer(body, "max_completion_tokens", "max_tokens")
    count = _integer(body, "n")
    silent = rules.json_stops_reasoning and engine.wants_json(options.response_format)
    # Most requests need no other probe, and making one takes as long as parsing.
    if (max_tokens, count) != (options.max_tokens, options.n):
        probe = replace(probe, options=replace(options, max_tokens=max_tokens, n=count))
    return replace(probe, reasons=False) if silent and probe.reasons else probe


def _integer(body: Mapping[str, Json], *names: str) -> int | None:
    """Return the first of the members that is a number or a string of digits."""
    for name in names:
        value = body.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
    return None


def _unknown_model(
    probe: Probe, body: Mapping[str, Json], rules: Rules, models: tuple[str, ...]
) -> Rejection | None:
    model = body.get("model")
    # If the schema allows requests without a model, the first model is used. Servers
    # that always return the canonical name accept an empty name as well.
    absent = model is None or (not model and not rules.echoes_model)
    if rules.any_model or absent or probe.model in models:
        return None
    if rules.model_named is not None:
        served = rules.model_named(probe.model)
        if probe.model in served.replaces and served.id in models:
            return None  # a retired id, which its successor answers
    return Rejection(
        reason=RejectionReason.MODEL,
        pointer="/model",
        value=model,
        expected=models[0],
        message=", ".join(models),
    )
