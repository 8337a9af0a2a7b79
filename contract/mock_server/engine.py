"""
The scripted engine: choices for a probe, token by token and counted exactly.

It is independent of dialects and transport. Its output depends only on the prompt and
on the given `Random`, so equal requests with equal seeds have equal choices.
"""

from __future__ import annotations

import json
import re
import string
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, cycle, islice
from random import Random

from contract.mock_server import scripts
from contract.mock_server.instance import MAX_SCHEMA, UnsatisfiableError, instance
from contract.mock_server.scripts import Script
from contract.model import think
from contract.model.chat import END, Call, Json, Piece, PieceKind, Token, Tool
from contract.model.custom import CustomReply
from contract.model.dialect import Answer
from contract.model.probe import Probe
from contract.tokens import tekken

# Reasoning that resumes in the middle of an answer.
SECOND_THOUGHT = "Let me check that once more."
_LETTERS = string.ascii_letters + string.digits
MAX_CHOICES = 16_384  # vLLM's bound of n since 0.19 (VLLM_MAX_N_SEQUENCES)
MAX_GENERATED = 400_000  # tokens of all choices
_SPECIFIC = 4  # characters of a word in a tool's name that can select the tool


class TooMuchError(ValueError):
    """A request asks for more than the mock generates at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """One choice and its token counts; compared by identity, as a key of caches."""

    answer: Answer
    # Tokens of reasoning, markers, answer and the end of the sequence.
    tokens: int
    # Tokens of the reasoning text alone, without its markers.
    reasoning_tokens: int
    # Whether equal requests get this very object again, as long as it is known.
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One generated token; a control token has neither kind nor text."""

    # The kind of text to which the token belongs.
    kind: PieceKind | None = None
    # The characters that the token completes.
    text: str = ""
    # The tool call to which an argument token belongs.
    call: Call | None = None
    # The name of a control token, or a part of a tool's name.
    name: str = ""

    @property
    def token(self) -> Token:
        """The token, for its log-probability."""
        shown = self.kind is not None and bool(self.text or self.call)
        return Token(self.name or self.text, self.kind if shown else None)


# Choices of text by what they depend on.
_known: dict[tuple[object, ...], Generated] = {}
_MOST_KNOWN = 512
_MOST_KNOWN_TOKENS = 512

_THINK = Step(name=think.OPEN)
_THINK_END = Step(name=think.CLOSE)
_CALL = Step(name="[TOOL_CALLS]")
_ARGUMENTS = Step(name="[ARGS]")
_END = Step(name=END)


def generate(  # noqa: PLR0913  # what a completion depends on
    probe: Probe,
    budget: int,
    random: Random,
    *,
    id_length: int = 9,
    custom: CustomReply | None = None,
    resumes: bool = False,
) -> tuple[Generated, ...]:
    """
    Generate the choices that *probe* requests.

    Args:
        probe: The request.
        budget: Tokens that each choice may have at most.
        random: Source of random answers and of tool call ids.
        id_length: Characters of a tool call id.
        custom: The output in place of a script; None for the script that fits.
        resumes: Whether reasoning resumes after a part of the answer, in some replies.

    Raises:
        UnsatisfiableError: The request has a JSON Schema that no value satisfies.
        TooMuchError: It asks for more than `MAX_CHOICES` or `MAX_GENERATED`.
    """
    count = probe.options.n or 1
    if count > MAX_CHOICES:
        raise TooMuchError(f"n must be at most {MAX_CHOICES}, got {count}.")
    if custom is not None:
        return _bounded(_custom(probe, budget, random, id_length, custom, count))
    resumes = resumes and _is_resuming(probe)
    return _bounded(_scripted(probe, budget, random, id_length, count, resumes=resumes))


def _bounded(choices: Iterable[Generated]) -> tuple[Generated, ...]:
    """Return the choices; raises `TooMuchError` once they have too many tokens."""
    kept: list[Generated] = []
    total = 0
    for choice in choices:
        kept.append(choice)
        total += choice.tokens
        if total > MAX_GENERATED:
            raise TooMuchError(
                f"The choices have more than {MAX_GENERATED} tokens together; set "
                "max_tokens or a smaller n."
            )
    return tuple(kept)


def _is_resuming(probe: Probe) -> bool:
    """
    Whether the reasoning resumes: with every third question, always with the same.

    Only letters and digits count, so that a text in parts is the same question.
    """
    asked = next((m.text for m in reversed(probe.messages) if m.role == "user"), "")
    letters = "".join(filter(str.isalnum, asked))
    return zlib.crc32(letters.encode(errors="replace")) % 3 == 0


def _scripted(  # noqa: PLR0913  # those of `generate`
    probe: Probe,
    budget: int,
    random: Random,
    id_length: int,
    count: int,
    *,
    resumes: bool,
) -> Iterator[Generated]:
    """Yield the choices of the script that fits *probe*."""
    calls = _tool_calls(probe)
    script = scripts.choose(probe)
    if resumes and not script.loop and not script.unclosed:
        script = replace(script, second=SECOND_THOUGHT)
    for number, answer in enumerate(_answers(script, count, random)):
        if calls:
            ids = ["".join(random.choices(_LETTERS, k=id_length)) for _ in calls]
            steps = _call_steps(probe, calls, ids)
            yield _choice(probe, steps, budget, number, calls=True)
        else:
            yield _text_choice(probe, script, answer, budget, number)


def _text_choice(
    probe: Probe, script: Script, answer: str | None, budget: int, number: int
) -> Generated:
    """Return a choice of text, which most requests share with others."""
    options = probe.options
    if script.loop or options.response_format is not None:
        steps = _text_steps(probe, script, answer)
        return _choice(probe, steps, budget, number, calls=False)
    last = probe.messages[-1] if probe.messages else None
    # All that the text depends on.
    key = (
        script.reasoning,
        script.unclosed,
        script.second,
        answer,
        probe.reasons,
        last.text if last is not None and last.prefix else None,
        options.stop,
        options.logprobs is not None,
        # Any larger budget makes no difference to what is kept.
        min(budget, _MOST_KNOWN_TOKENS + 1),
        number,
    )
    found = _known.get(key)
    if found is None:
        steps = _text_steps(probe, script, answer)
        found = _choice(probe, steps, budget, number, calls=False)
        if found.tokens <= _MOST_KNOWN_TOKENS:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            found = _known[key] = replace(found, is_shared=True)
    return found


def _custom(  # noqa: PLR0913, PLR0917  # those of `generate`
    probe: Probe,
    budget: int,
    random: Random,
    id_length: int,
    custom: CustomReply,
    count: int,
) -> Iterator[Generated]:
    """Yield the choices of a custom reply, which is sent as it was given."""
    script = Script(reasoning=custom.thought, answer=custom.answer, parts=custom.parts)
    calls = tuple((Tool(n, "{}"), arguments) for n, arguments in custom.tool_calls)
    for number in range(count):
        steps = _text_steps(probe, script, custom.answer, as_given=True)
        if calls:
            ids = ["".join(random.choices(_LETTERS, k=id_length)) for _ in calls]
            text = tuple(steps)[:-1]  # without the end of the sequence
            steps = chain(text, _calls(calls, ids))
        yield _choice(probe, steps, budget, number, calls=bool(calls))


def _answers(script: Script, count: int, random: Random) -> list[str | None]:
    """Return the answer of each choice; random ones differ while there are enough."""
    if not script.one_of:
        return [script.answer] * count
    pool: list[str] = []
    while len(pool) < count:
        pool += random.sample(script.one_of, len(script.one_of))
    return list(pool[:count])


def _text_steps(
    probe: Probe, script: Script, answer: str | None, *, as_given: bool = False
) -> Iterator[Step]:
    """
    Yield reasoning, answer and the end of the sequence, if the script has one.

    With *as_given* the answer is not made to fit a response format.
    """
    if script.parts:
        yield from _part_steps(script.parts, reasons=probe.reasons)
        return
    last = probe.messages[-1] if probe.messages else None
    document = None if as_given else _json_answer(probe, script)
    if document is not None:
        answer = document
    loop = script.loop if document is None else ""
    reasons = probe.reasons and script.reasoning is not None
    if last is not None and last.prefix:
        reasons = False
        answer = _continuation(answer or "", last.text)
    if reasons:
        yield _THINK
        yield from _steps(PieceKind.REASONING, script.reasoning or "")
        if script.unclosed:
            yield _END
            return
        if answer is None and loop:
            yield from cycle(_steps(PieceKind.REASONING, loop))
        yield _THINK_END
    if reasons and script.second and document is None and " " in (answer or "").strip():
        begin, rest = _halves(answer or "")
        yield from _steps(PieceKind.ANSWER, begin)
        yield from (_THINK, *_steps(PieceKind.REASONING, script.second), _THINK_END)
        answer = rest
    yield from _steps(PieceKind.ANSWER, answer or "")
    if answer is not None and loop:
        yield from cycle(_steps(PieceKind.ANSWER, loop))
    yield _END


def _part_steps(
    parts: tuple[tuple[PieceKind, str], ...], *, reasons: bool
) -> Iterator[Step]:
    """Yield reasoning and answers in the order given, and the end of the sequence."""
    for kind, text in parts:
        if kind is PieceKind.ANSWER:
            yield from _steps(kind, text)
        elif reasons:
            yield from (_THINK, *_steps(kind, text), _THINK_END)
    yield _END


def _halves(answer: str) -> tuple[str, str]:
    """Return *answer* in two parts, the second of which begins with a space."""
    place = answer.find(" ", len(answer) // 2)
    if place < 0:
        place = answer.rstrip().rfind(" ")
    return answer[:place], answer[place:]


def _continuation(answer: str, prefix: str) -> str:
    """Return what follows *prefix*: the rest of *answer*, or all after a space."""
    if answer.startswith(prefix):
        return answer[len(prefix) :]
    return answer if not prefix or prefix[-1].isspace() else " " + answer


def is_random(probe: Probe) -> bool:
    """Whether equal requests have different completions: random answers or call ids."""
    if probe.options.seed is not None or probe.options.temperature == 0:
        return False
    return bool(scripts.choose(probe).one_of or _tool_calls(probe))


def wants_json(response_format: str | None) -> bool:
    """Whether a response format (JSON text) requires JSON output."""
    return _required_schema(response_format) is not None


@lru_cache(maxsize=256)
def _required_schema(response_format: str | None) -> str | None:
    """Return the JSON Schema (as text) that a response format requires, if any."""
    value = json.loads(response_format or "null")
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "json_object":
        return json.dumps({"type": "object"})
    holder = value.get("json_schema") if kind == "json_schema" else None
    schema = holder.get("schema") if isinstance(holder, dict) else None
    return None if schema is None else json.dumps(schema)


def _json_answer(probe: Probe, script: Script) -> str | None:
    """Return the JSON that the response format requires; None if it requires none."""
    schema = _required_schema(probe.options.response_format)
    return None if schema is None else _instance(schema, json.dumps(script.value))


@lru_cache(maxsize=256)
def _instance(schema: str, value: str) -> str:
    answer = json.loads(value)
    if len(schema) > MAX_SCHEMA:
        raise UnsatisfiableError(f"it is longer than {MAX_SCHEMA} characters")
    parsed = json.loads(schema)
    if parsed == {"type": "object"}:
        return json.dumps({"answer": answer}, ensure_ascii=False)
    document = instance(parsed, {**scripts.hints(), "answer": answer})
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _tool_calls(probe: Probe) -> tuple[tuple[Tool, str], ...]:
    """Return the tools to call with their arguments; empty for a text answer."""
    tools, choice = probe.options.tools, probe.options.tool_choice
    forced = choice == "required" or (choice or "").startswith("=")
    if not tools or choice == "none" or (probe.messages and probe.messages[-1].prefix):
        return ()
    if not forced and (
        probe.messages[-1].role == "tool"
        or scripts.is_greeting(probe)
        or scripts.choose(probe).trigger
    ):
        return ()
    named = [tool for tool in tools if choice == "=" + tool.name]
    tool = named[0] if named else _matching_tool(probe, tools)
    places = scripts.places(probe)[:4] or ("",)
    if probe.options.parallel_tool_calls is False:
        places = places[:1]
    calls = dict.fromkeys(_arguments(tool, place) for place in places)
    return tuple((tool, arguments) for arguments in calls)


def _matching_tool(probe: Probe, tools: tuple[Tool, ...]) -> Tool:
    """Return the first tool with a word of its name in the prompt, else the first."""
    text = " ".join(message.text for message in probe.messages).lower()
    for tool in tools:
        words = re.split(r"[_-]|(?<=[a-z])(?=[A-Z])", tool.name)
        # Shorter words (get, set, and, the) are not specific.
        if any(len(word) >= _SPECIFIC and word.lower() in text for word in words):
            return tool
    return tools[0]


@lru_cache(maxsize=256)
def _arguments(tool: Tool, place: str) -> str:
    hints = {name: place or value for name, value in scripts.hints().items()}
    value: Json = {}
    if len(tool.parameters) <= MAX_SCHEMA:
        with suppress(UnsatisfiableError):
            value = instance(json.loads(tool.parameters), hints)
    return json.dumps(value if isinstance(value, dict) else {}, ensure_ascii=False)


def _call_steps(
    probe: Probe, calls: tuple[tuple[Tool, str], ...], ids: list[str]
) -> Iterator[Step]:
    """Yield reasoning, then for each call a marker, its name, a marker, arguments."""
    reasoning = scripts.scripts()["tool"].reasoning
    if probe.reasons and reasoning:
        yield _THINK
        yield from _steps(PieceKind.REASONING, reasoning)
        yield _THINK_END
    yield from _calls(calls, ids)


def _calls(calls: tuple[tuple[Tool, str], ...], ids: list[str]) -> Iterator[Step]:
    """Yield the tokens of tool calls, and the end of the sequence."""
    for index, ((tool, arguments), id_) in enumerate(zip(calls, ids, strict=True)):
        yield _CALL
        yield from (Step(name=text) for text in tekken.token_texts(tool.name))
        yield _ARGUMENTS
        call = Call(index, id_, tool.name)
        for text in tekken.token_texts(arguments):
            yield Step(PieceKind.TOOL, text, call)
            call = Call(index)
    yield _END


@lru_cache(maxsize=1_024)
def _steps(kind: PieceKind, text: str) -> tuple[Step, ...]:
    return tuple(Step(kind, part) for part in tekken.token_texts(text))


def _choice(
    probe: Probe, steps: Iterable[Step], budget: int, number: int, *, calls: bool
) -> Generated:
    """
    Return one choice: the steps within the budget and before any stop string.

    *number* is the index of the choice; *calls* tells whether the steps are tool calls.
    """
    steps = list(islice(steps, budget + 1))
    kept = steps[:budget]
    finish = "length" if len(steps) > budget else "tool_calls" if calls else "stop"
    stop = None
    stopped = _apply_stop(kept, probe.options.stop)
    if stopped is not None:
        kept, stop = stopped
        finish = "stop"
    return Generated(
        Answer(
            tuple(
                Piece(step.kind, step.text, number, step.call)
                for step in kept
                if step.kind is not None and (step.text or step.call)
            ),
            finish,
            tuple(step.token for step in kept)
            if probe.options.logprobs is not None
            else (),
            stop,
        ),
        len(kept),
        sum(step.kind is PieceKind.REASONING for step in kept),
    )


def _apply_stop(
    steps: list[Step], stops: tuple[str, ...]
) -> tuple[list[Step], str] | None:
    """
    Return the steps up to the end of a stop string, without its text, and that string.

    Reasoning and answer are searched separately, tool arguments not at all. None if no
    stop string occurs.
    """
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        text = "".join(step.text for step in steps if step.kind is kind)
        matches = [
            (at + len(s), at, s) for s in stops if s and (at := text.find(s)) >= 0
        ]
        if matches:
            end, at, stop = min(matches)
            return list(_truncate(steps, kind, end, at)), stop
    return None


def _truncate(steps: list[Step], kind: PieceKind, end: int, at: int) -> Iterator[Step]:
    """Yield *steps* through character *end* of *kind*, its text only up to *at*."""
    length = 0
    for step in steps:
        if step.kind is not kind:
            yield step
            continue
        yield Step(kind, step.text[: max(at - length, 0)])
        length += len(step.text)
        if length >= end:
            return
