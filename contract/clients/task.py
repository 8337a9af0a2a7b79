"""Tasks: what a program is asked to do in one scenario, as the JSON that it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contract.model.chat import Json, Message
from contract.model.dialect import Dialect
from contract.model.probe import Probe
from contract.model.profile import Profile

FORMAT = "client-task-v1"
"""The member `format` of a task. Members may be added; none changes its meaning."""

WEATHER: dict[str, Json] = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a program is asked to do: one conversation with one model."""

    # The first user message: text, or content parts as the chat API spells them.
    prompt: str | tuple[Mapping[str, Json], ...] = "How many seats are there?"
    # The system message; empty for none.
    system: str = ""
    # Further user messages, each sent after the answer to the one before.
    then: tuple[str, ...] = ()
    # Whether the program is to ask for a stream.
    stream: bool = False
    # The tools to offer, with name, description and parameters.
    tools: tuple[Mapping[str, Json], ...] = ()
    # What each tool returns, by its name.
    tool_results: Mapping[str, str] = field(default_factory=dict)
    # The JSON Schema that the answer has to match, and its name; None for text.
    schema: Mapping[str, Json] | None = None
    # Sampling options, named as in the OpenAI API, such as max_tokens.
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the program finds the server of its scenario."""

    # The root of the server, without /v1.
    url: str
    # The key to send.
    key: str
    # The name of the model to request.
    model: str

    @property
    def base_url(self) -> str:
        """The URL that OpenAI's packages call the base URL."""
        return f"{self.url}/v1"


def reasoning_options(dialect: Dialect) -> Mapping[str, Json]:
    """
    Return the options by which requests of *dialect* ask for reasoning.

    They are those whose name, or at a path such as `/v1/responses` whose value, differs
    from that of a request without.
    """
    hello = Probe(name="hello", messages=(Message("user", "Hello."),))
    plain = dialect.request(replace(hello, reasons=False), "any")
    asked = dialect.request(hello, "any")
    if (surface := dialect.surface) is not None:
        found, before = surface.write(asked), surface.write(plain)
        names = set(surface.names.values()) - {"input"}
        return {
            name: value
            for name, value in (found if isinstance(found, dict) else {}).items()
            if name in names
            and (not isinstance(before, dict) or before.get(name) != value)
        }
    return {name: value for name, value in asked.items() if name not in plain}


def options_of(task: Task, dialect: Dialect) -> Mapping[str, Json]:
    """Return the options of *task* by the names that the API of *dialect* has."""
    names = {} if dialect.surface is None else dialect.surface.names
    return {names.get(name, name): value for name, value in task.options.items()}


def to_json(
    task: Task, place: Place, *, scenario: str, profile: Profile, thinks: bool
) -> str:
    """
    Return *task* as one line of JSON: what the program reads.

    Args:
        task: What the program has to do.
        place: The server.
        scenario: The id of the scenario.
        profile: The server that is played.
        thinks: Whether the options ask for reasoning, where it has to be asked for.
    """
    prompt = task.prompt if isinstance(task.prompt, str) else list(task.prompt)
    messages: list[Json] = []
    if task.system:
        messages.append({"role": "system", "content": task.system})
    messages.append({"role": "user", "content": prompt})  # type: ignore[dict-item]  # a list of mappings is JSON
    dialect = profile.dialect
    asks = reasoning_options(dialect) if thinks else {}
    value = {
        "format": FORMAT,
        "scenario": scenario,
        "dialect": profile.id,
        "base_url": place.base_url,
        "server_url": place.url,
        "path": dialect.path,
        "api_key": place.key,
        "model": place.model,
        "stream": task.stream,
        "messages": messages,
        "then": list(task.then),
        "tools": [dict(tool) for tool in task.tools],
        "tool_results": dict(task.tool_results),
        "schema": None if task.schema is None else dict(task.schema),
        "options": {**asks, **options_of(task, dialect)},
    }
    return json.dumps(value, ensure_ascii=True)
