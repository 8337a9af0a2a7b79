"""Tools: calls in fragments and in parallel, and their results in the next request."""

from __future__ import annotations

import json
from collections.abc import Mapping

from contract.clients import changes
from contract.clients.expectations import (
    attempts,
    no_error,
    same_answer,
    text_of,
    thought_of,
)
from contract.clients.scenario import (
    ANSWER,
    THOUGHT,
    Call,
    Change,
    Run,
    Scenario,
    Sent,
    calls_in,
    calls_of,
    has_chunks,
    has_items,
    lists_thoughts,
    names_thoughts,
    requirement,
    shows_thoughts,
)
from contract.clients.task import WEATHER, Task
from contract.model.chat import Json
from contract.model.check import Finding, Findings, NotApplicable, shorten, spell
from contract.model.custom import CustomReply
from contract.model.dialect import Dialect

RESULT = "Sunny, 21 °C ☀"
_ROME = ("get_weather", '{"city": "Rome"}')
_PARIS = ("get_weather", '{"city": "Saint-Étienne \\"Paris\\""}')
_CLOCK: dict[str, Json] = {
    "name": "now",
    "description": "The time.",
    "parameters": {"type": "object", "properties": {}},
}


def _tools(  # noqa: PLR0913  # the parts of a scenario
    id: str,
    title: str,
    first: CustomReply,
    *,
    stream: bool = False,
    change: Change | None = None,
    where: object = None,
) -> Scenario:
    """Return a scenario in which the model calls tools, and answers with the result."""
    return Scenario(
        id=id,
        title=title,
        task=Task(
            prompt="What is the weather there?",
            stream=stream,
            tools=(WEATHER, _CLOCK),
            tool_results={"get_weather": RESULT, "now": "12:00"},
        ),
        turns=(first, CustomReply(answer=ANSWER)),
        changes=(change, None),
        where=where or _has_tools,  # type: ignore[arg-type]  # a function of a dialect
    )


def _sends_fragments(dialect: Dialect) -> bool:
    """Return whether *dialect* divides calls; Mistral's chat completions do not."""
    return names_thoughts(dialect) or has_items(dialect)


def _has_tools(dialect: Dialect) -> bool:
    """Return whether *dialect* has calls of tools: every one."""
    return bool(dialect.call_id)


_ONE = CustomReply(tool_calls=(_ROME,))
_TWO = CustomReply(tool_calls=(_ROME, _PARIS))
_THOUGHT = CustomReply(thought=THOUGHT, tool_calls=(_ROME,))

WHOLE = _tools("tool", "The model calls a tool, in a whole response.", _ONE)
STREAMED = _tools(
    "tool-stream", "The model calls a tool in a stream.", _ONE, stream=True
)
FRAGMENTS = _tools(
    "tool-in-fragments",
    "The arguments of a call come in pieces of three characters.",
    CustomReply(tool_calls=(_PARIS,)),
    stream=True,
    change=changes.in_fragments,
    where=_sends_fragments,
)
PARALLEL = _tools(
    "parallel-tools", "The model calls a tool twice in one whole response.", _TWO
)
PARALLEL_STREAM = _tools(
    "parallel-tools-stream",
    "The model calls a tool twice in one stream.",
    _TWO,
    stream=True,
)
THINKS = _tools(
    "thought-and-tool",
    "The model thinks, then calls a tool.",
    _THOUGHT,
    where=shows_thoughts,
)
THINKS_STREAM = _tools(
    "thought-and-tool-stream",
    "The model thinks, then calls a tool, in a stream.",
    _THOUGHT,
    stream=True,
    where=shows_thoughts,
)
NULL = _tools(
    "tool-null-content",
    "The content of the message with the call is null.",
    _ONE,
    change=changes.null_content,
    where=has_chunks,
)
NO_ARGUMENTS = _tools(
    "tool-without-arguments",
    "The model calls a tool that has no parameters.",
    CustomReply(tool_calls=(("now", "{}"),)),
)
_ALL = (
    *(WHOLE, STREAMED, FRAGMENTS, PARALLEL, PARALLEL_STREAM),
    *(THINKS, THINKS_STREAM, NULL, NO_ARGUMENTS),
)
_SOURCE = "OpenAI API reference, function calling"


def _rounds(run: Run) -> tuple[Sent, Sent]:
    """Return the request that got the calls, and the one that brings the results."""
    chats = attempts(run)
    for one in chats:
        if not run.output.trouble and not calls_of(one.reply):
            break
    if len(chats) < 2:  # noqa: PLR2004  # rounds
        raise NotApplicable("the program sends no result of a tool")
    return chats[0], chats[-1]


@requirement(
    "client.offers-the-tools",
    "A client MUST send the tools with the names and parameters that it was given.",
    source=_SOURCE,
    on=WHOLE,
)
def offers_the_tools(run: Run) -> Findings:
    tools = attempts(run)[0].body.get("tools")
    sent = {
        str(function.get("name")): function.get("parameters")
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, dict) and isinstance(function := tool.get("function"), dict)
    }
    expected = {
        str(tool["name"]): tool["parameters"] for tool in run.scenario.task.tools
    }
    if missing := sorted(set(expected) - set(sent)):
        yield Finding(
            "tools are not offered",
            expected=", ".join(sorted(expected)),
            actual=f"{', '.join(sorted(sent)) or 'none'}; {', '.join(missing)} missing",
            at=run.scenario.id,
        )
    for name, parameters in expected.items():
        found = sent.get(name)
        names, given = _properties(found), _properties(parameters)
        if name in sent and names != given:
            yield Finding(
                f"the parameters of {name} are others",
                expected=spell(given),
                actual=shorten(spell(found), 160),
                at=run.scenario.id,
            )


def _properties(schema: object) -> frozenset[str]:
    """Return the names of the properties of a schema of an object."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return frozenset(properties if isinstance(properties, Mapping) else ())


@requirement(
    "client.reads-calls",
    "A client MUST report each call of a tool with its name and arguments.",
    source=_SOURCE,
    on=_ALL,
)
def reads_calls(run: Run) -> Findings:
    error = list(no_error(run))
    if error:
        yield from error
        return
    if not run.output.has("tool_calls"):
        raise NotApplicable("the program does not say the calls")
    expected = [(call.name, call.values) for call in calls_of(attempts(run)[0].reply)]
    said = [
        (str(call.get("name")), _values(call.get("arguments")))
        for call in run.output.tool_calls
    ]
    if said != expected:
        yield Finding(
            "the calls are others",
            expected=shorten(spell(expected), 160),
            actual=shorten(spell(said), 160),
            at=run.scenario.id,
        )


def _values(arguments: Json) -> object:
    if isinstance(arguments, str):
        return Call(id="", name="", arguments=arguments or "{}").values
    return {} if arguments is None else arguments


@requirement(
    "client.answers-after-tools",
    "A client MUST return the answer that follows the results of tools.",
    source=_SOURCE,
    on=_ALL,
)
def answers_after_tools(run: Run) -> Findings:
    if not run.output.trouble and len(attempts(run)) < 2:  # noqa: PLR2004  # rounds
        yield from no_error(run)
        raise NotApplicable("the program sends no result of a tool")
    yield from same_answer(run)


@requirement(
    "client.replays-calls",
    "A client MUST send the calls back as it received them: id, name and arguments.",
    source=_SOURCE,
    on=_ALL,
)
def replays_calls(run: Run) -> Findings:
    first, second = _rounds(run)
    expected = [(c.id, c.name, c.values) for c in calls_of(first.reply)]
    sent = [
        (c.id, c.name, c.values)
        for message in second.messages
        if message.get("role") == "assistant"
        for c in calls_in(message)
    ]
    if sent != expected:
        yield Finding(
            "the calls are not sent back as they came",
            expected=shorten(spell(expected), 200),
            actual=shorten(spell(sent), 200),
            at=run.scenario.id,
        )


@requirement(
    "client.answers-each-call",
    "A client MUST send one result for each call, with its id.",
    source=_SOURCE,
    on=_ALL,
)
def answers_each_call(run: Run) -> Findings:
    first, second = _rounds(run)
    results = [m for m in second.messages if m.get("role") == "tool"]
    expected = [c.id for c in calls_of(first.reply)]
    sent = [str(m.get("tool_call_id")) for m in results]
    if sorted(sent) != sorted(expected):
        yield Finding(
            "the ids of the results are not those of the calls",
            expected=", ".join(expected),
            actual=", ".join(sent) or "no result",
            at=run.scenario.id,
        )
    for message in results:
        text = text_of(message.get("content"))
        name = next(
            (
                c.name
                for c in calls_of(first.reply)
                if c.id == message.get("tool_call_id")
            ),
            "",
        )
        result = run.scenario.task.tool_results.get(name, "")
        if result not in text and json.dumps(result)[1:-1] not in text:
            yield Finding(
                "the result of a tool is another one",
                expected=result,
                actual=shorten(text or "no text"),
                at=run.scenario.id,
            )


@requirement(
    "client.keeps-thoughts-out-of-calls",
    "A client MUST NOT send the reasoning before a call back as text.",
    source="vercel/ai#17971, vercel/ai#17930",
    on=(THINKS, THINKS_STREAM),
)
def keeps_thoughts_out_of_calls(run: Run) -> Findings:
    for message in _assistants(_rounds(run)[1]):
        text = text_of(message.get("content"))
        if THOUGHT in text:
            yield Finding(
                "the reasoning is sent back as text",
                expected="thinking chunks, or no reasoning"
                if lists_thoughts(run.dialect)
                else "no text",
                actual=shorten(text, 160),
                at=run.scenario.id,
            )


@requirement(
    "client.replays-thoughts-unchanged",
    "A client that sends reasoning back before a call MUST send it unchanged.",
    source="docs.mistral.ai, reasoning: thinking chunks in the history",
    on=(THINKS, THINKS_STREAM),
)
def replays_thoughts_unchanged(run: Run) -> Findings:
    found = False
    for message in _assistants(_rounds(run)[1]):
        for name in ("content", "reasoning", "reasoning_content"):
            value = message.get(name)
            sent = thought_of(value) if name == "content" else value
            if not sent:
                continue
            found = True
            if sent != THOUGHT:
                yield Finding(
                    "the reasoning is sent back changed",
                    expected=THOUGHT,
                    actual=shorten(spell(sent), 160),
                    at=f"{run.scenario.id}, {name}",
                )
    if not found:
        raise NotApplicable("the client does not send the reasoning back")


@requirement(
    "client.replays-thoughts",
    "A client SHOULD send thinking chunks back with the call that they led to.",
    source="docs.mistral.ai, reasoning: thinking chunks in the history",
    on=(THINKS, THINKS_STREAM),
)
def replays_thoughts(run: Run) -> Findings:
    if not lists_thoughts(run.dialect):
        raise NotApplicable("the dialect has no thinking chunks")
    sent = [thought_of(m.get("content")) for m in _assistants(_rounds(run)[1])]
    if not any(sent):
        yield Finding(
            "the reasoning is not sent back",
            expected="a thinking chunk before the call",
            actual="no thinking chunk",
            at=run.scenario.id,
        )


def _assistants(sent: Sent) -> tuple[Mapping[str, Json], ...]:
    """Return the messages of the assistant in a request."""
    return tuple(m for m in sent.messages if m.get("role") == "assistant")
