"""
The scripted engine: a probe in, answers out, token by token and counted exactly.

It knows no provider and no wire. What it says follows from the prompt and from the
`Random` it is given, so the same request with the same seed is answered the same.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice
from random import Random

from contract.mock_server import scripts
from contract.mock_server.instance import (
    UnsatisfiableError,
    instance,
)
from contract.mock_server.scripts import Script
from contract.model.chat import (
    Call,
    Piece,
    PieceKind,
    Probe,
    Tool,
)
from contract.model.dialect import Answer
from contract.tokens import tekken

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Spoken:
    """
    One choice and what it cost.

    *tokens* counts thought, markers, answer and the end of the sequence; *reasoning*
    only the text of the thought.
    """

    answer: Answer
    tokens: int
    reasoning: int


@dataclass(frozen=True, slots=True)
class Step:
    """One generated token: what it adds to which text; control tokens add nothing."""

    kind: PieceKind | None = None
    text: str = ""
    call: Call | None = None


Engine = Callable[[Probe, int, Random], tuple[Spoken, ...]]
_CONTROL = Step()


def answer(
    probe: Probe, room: int, random: Random, *, id_length: int = 9
) -> tuple[Spoken, ...]:
    """
    The choices *probe* asks for, each of at most *room* tokens.

    Tool call ids have *id_length* characters. Raises `UnsatisfiableError` when JSON
    is asked for by a schema that nothing fits.
    """
    count = probe.options.n or 1
    called = _called(probe)
    script = scripts.choose(probe)
    drawn = _drawn(script, count, random)
    found = []
    for choice, said in enumerate(drawn):
        if called:
            ids = ["".join(random.choices(_LETTERS, k=id_length)) for _ in called]
            steps = _calling(probe, called, ids)
        else:
            steps = _saying(probe, script, said)
        found.append(_spoken(probe, steps, room, choice, ended=bool(called)))
    return tuple(found)


def _drawn(script: Script, count: int, random: Random) -> list[str | None]:
    """The answer of each choice; drawn ones differ as long as there are enough."""
    if not script.one_of:
        return [script.answer] * count
    pool: list[str] = []
    while len(pool) < count:
        pool += random.sample(script.one_of, len(script.one_of))
    return list(pool[:count])


def _saying(probe: Probe, script: Script, said: str | None) -> Iterator[Step]:
    """Thought and answer, then the end of the sequence unless it never ends."""
    last = probe.messages[-1] if probe.messages else None
    wanted = _json(probe, script)
    if wanted is not None:
        said = wanted
    endless = script.again if wanted is None else ""
    thinks = probe.reasons and script.thought is not None
    if last is not None and last.prefix:
        thinks = False
        said = _rest(said or "", last.text)
    if thinks:
        yield _CONTROL
        yield from _steps(PieceKind.REASONING, script.thought or "")
        if script.open:
            yield _CONTROL
            return
        if said is None and endless:
            yield from cycle(_steps(PieceKind.REASONING, endless))
        yield _CONTROL
    yield from _steps(PieceKind.ANSWER, said or "")
    if said is not None and endless:
        yield from cycle(_steps(PieceKind.ANSWER, endless))
    yield _CONTROL


def _rest(said: str, prefix: str) -> str:
    """What follows *prefix*: the rest of the script, or all of it as a new word."""
    if said.startswith(prefix):
        return said[len(prefix) :]
    return said if not prefix or prefix[-1].isspace() else " " + said


def by_lot(probe: Probe) -> bool:
    """Whether equal requests are answered differently: drawn words, ids of calls."""
    if probe.options.seed is not None or probe.options.temperature == 0:
        return False
    return bool(scripts.choose(probe).one_of or _called(probe))


def wants_json(response_format: str | None) -> bool:
    """Whether a response format (JSON text) asks for JSON; without a schema not."""
    return _format(response_format) is not None


@lru_cache(maxsize=256)
def _format(response_format: str | None) -> str | None:
    """The JSON Schema (as text) that a response format asks to fit, if any."""
    wanted = json.loads(response_format or "null")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        return json.dumps({"type": "object"})
    holder = wanted.get("json_schema") if kind == "json_schema" else None
    schema = holder.get("schema") if isinstance(holder, dict) else None
    return None if schema is None else json.dumps(schema)


def _json(probe: Probe, script: Script) -> str | None:
    """The JSON that the response format asks for; None when it asks for none."""
    schema = _format(probe.options.response_format)
    return None if schema is None else _instance(schema, json.dumps(script.value))


@lru_cache(maxsize=256)
def _instance(schema: str, value: str) -> str:
    answer = json.loads(value)
    wanted = json.loads(schema)
    if wanted == {"type": "object"}:
        return json.dumps({"answer": answer}, ensure_ascii=False)
    found = instance(wanted, {**scripts.hints(), "answer": answer})
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _called(probe: Probe) -> tuple[tuple[Tool, str], ...]:
    """The tools to call with their arguments; none when words will do."""
    tools, choice = probe.options.tools, probe.options.tool_choice
    forced = choice == "required" or (choice or "").startswith("=")
    if not tools or choice == "none" or (probe.messages and probe.messages[-1].prefix):
        return ()
    if not forced and (
        probe.messages[-1].role == "tool" or scripts.choose(probe).trigger
    ):
        return ()
    named = [tool for tool in tools if choice == "=" + tool.name]
    tool = named[0] if named else _fitting(probe, tools)
    places = scripts.places(probe)[:4] or ("",)
    if probe.options.parallel_tool_calls is False:
        places = places[:1]
    calls = dict.fromkeys(_arguments(tool, place) for place in places)
    return tuple((tool, arguments) for arguments in calls)


def _fitting(probe: Probe, tools: tuple[Tool, ...]) -> Tool:
    """The first tool with a word of its name in the prompt, else the first."""
    text = " ".join(message.text for message in probe.messages).lower()
    for tool in tools:
        words = re.split(r"[_-]|(?<=[a-z])(?=[A-Z])", tool.name)
        if any(len(word) > 3 and word.lower() in text for word in words):  # noqa: PLR2004  # get, set, and, the say nothing
            return tool
    return tools[0]


@lru_cache(maxsize=256)
def _arguments(tool: Tool, place: str) -> str:
    hints = {name: place or value for name, value in scripts.hints().items()}
    try:
        found = instance(json.loads(tool.parameters), hints)
    except UnsatisfiableError:
        found = {}
    return json.dumps(found if isinstance(found, dict) else {}, ensure_ascii=False)


def _calling(
    probe: Probe, called: tuple[tuple[Tool, str], ...], ids: list[str]
) -> Iterator[Step]:
    """A thought, then each call: its marker, its name, a marker, its arguments."""
    thought = scripts.scripts()["tool"].thought
    if probe.reasons and thought:
        yield _CONTROL
        yield from _steps(PieceKind.REASONING, thought)
        yield _CONTROL
    for index, ((tool, arguments), name) in enumerate(zip(called, ids, strict=True)):
        yield from [_CONTROL] * (2 + len(tekken.steps(tool.name)))
        begun = Call(index, name, tool.name)
        for step in tekken.steps(arguments):
            yield Step(PieceKind.TOOL, step, begun)
            begun = Call(index)
    yield _CONTROL


@lru_cache(maxsize=1_024)
def _steps(kind: PieceKind, text: str) -> tuple[Step, ...]:
    return tuple(Step(kind, step) for step in tekken.steps(text))


def _spoken(
    probe: Probe, steps: Iterable[Step], room: int, choice: int, *, ended: bool
) -> Spoken:
    """The steps as far as there is room and no stop string ends them."""
    ahead = list(islice(steps, room + 1))
    taken = ahead[:room]
    finish = "length" if len(ahead) > room else "tool_calls" if ended else "stop"
    stop = _stopped(taken, probe.options.stop)
    if stop is not None:
        taken, finish = stop, "stop"
    return Spoken(
        Answer(
            tuple(
                Piece(step.kind, step.text, choice, step.call)
                for step in taken
                if step.kind is not None and (step.text or step.call)
            ),
            finish,
        ),
        len(taken),
        sum(step.kind is PieceKind.REASONING for step in taken),
    )


def _stopped(steps: list[Step], stops: tuple[str, ...]) -> list[Step] | None:
    """
    The steps up to the one that completes a stop string, without its text.

    Thought and answer are searched each for itself; arguments of tools are not.
    """
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        text = "".join(step.text for step in steps if step.kind is kind)
        found = [(at + len(s), at) for s in stops if s and (at := text.find(s)) >= 0]
        if found:
            return list(_cut(steps, kind, *min(found)))
    return None


def _cut(steps: list[Step], kind: PieceKind, end: int, at: int) -> Iterator[Step]:
    """*steps* until *end* characters of *kind* are there, text of it up to *at*."""
    length = 0
    for step in steps:
        if step.kind is not kind:
            yield step
            continue
        yield Step(kind, step.text[: max(at - length, 0)])
        length += len(step.text)
        if length >= end:
            return
