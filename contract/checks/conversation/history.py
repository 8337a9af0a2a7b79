"""History checks: earlier turns, reasoning, tool calls and results."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import EVERY_TEXT, TOOL_TURNS, UNUSUAL_TURNS
from contract.checks.conversation.order import CALL, RESULT, with_tool
from contract.checks.conversation.prompt_cost import assistant, costs_more, system
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.prompt_tokens import one_token_request
from contract.checks.sources import MISTRAL_CHAT, MISTRAL_COMMON, OPENAI_CHAT
from contract.model.chat import Message, Text, Thinking
from contract.model.check import Findings, check, fault, spell
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply

TURNS = (
    system("Be brief."),
    user("The code word is plum."),
    assistant("I will remember it."),
    user("Forget the weather."),
    assistant("I never knew it."),
    user("What is the code word?"),
)
ALL_TURNS = one_token_request("all-turns", *TURNS)
WITHOUT = tuple(
    one_token_request(f"without-turn-{number}", *TURNS[:number], *TURNS[number + 1 :])
    for number in range(len(TURNS) - 1)
)
_QUESTION = user("What is the weather in Rome?")
LONG_RESULT = replace(RESULT, content="It is sunny, and the wind comes from the sea.")
LONG_CALL = replace(
    CALL,
    tool_calls=(
        replace(CALL.tool_calls[0], arguments='{"city": "Rome, the old town"}'),
    ),
)
_CLOSING = (assistant("It is sunny there."), user("And tomorrow?"))


def _tool_turn(name: str, call: Message, result: Message) -> Probe:
    return with_tool(one_token_request(name, _QUESTION, call, result, *_CLOSING))


SHORT_TURN = _tool_turn("tool-turn", CALL, RESULT)
LONG_RESULT_TURN = _tool_turn("tool-turn-long-result", CALL, LONG_RESULT)
LONG_CALL_TURN = _tool_turn("tool-turn-long-call", LONG_CALL, RESULT)


# The same turns after a system message, which is one sentence longer in the second.
SYSTEM_TURN, LONG_SYSTEM_TURN = (
    with_tool(one_token_request(name, system(text), _QUESTION, CALL, RESULT, *_CLOSING))
    for name, text in (
        ("tool-turn-with-system", "Be brief."),
        ("tool-turn-with-long-system", "Be brief. Marker: zebra, quince, harbour."),
    )
)


def _replayed_reasoning(name: str, reasoning: str) -> Probe:
    answer = Message("assistant", (Thinking(reasoning), Text("It is 42.")))
    return one_token_request(name, user("What is 6 times 7?"), answer, user("Why?"))


SHORT_REASONING = _replayed_reasoning("replayed-thought", "Six sevens.")
LONG_REASONING = _replayed_reasoning(
    "replayed-long-thought", "Six sevens. Marker: zebra, quince, harbour."
)


@check(
    "conversation.history-is-kept",
    "Every earlier message MUST be part of the prompt.",
    source=f"{OPENAI_CHAT}: messages; {MISTRAL_CHAT}: messages",
    sends=(ALL_TURNS, *WITHOUT),
    combined=exact_prompts(EVERY_TEXT),
)
def history_is_kept(everything: Exchange, *without: Exchange) -> Findings:
    """Leaving out any one of them shortens the prompt by the tokens it costs."""
    for turn, exchange in zip(TURNS, without, strict=False):
        yield from costs_more(
            everything, exchange, f"the {turn.role} message {spell(turn.text)}"
        )


@fault(
    breaks=history_is_kept,
    also=("conversation", "languages", "context", "multimodal", "tools"),
)
def middle_turns_dropped(reply: Reply) -> Reply:
    """To save tokens, only the system prompt and the last message are forwarded."""

    def misread(probe: Probe) -> Probe:
        before, last = probe.messages[:-1], probe.messages[-1:]
        kept = tuple(turn for turn in before if turn.role == "system")
        return replace(probe, messages=kept + last)

    return misreport_prompt(reply, misread)


@fault(breaks=history_is_kept, also=("conversation", "languages", "context"))
def old_answers_dropped(reply: Reply) -> Reply:
    """To save tokens, earlier assistant messages are left out."""

    def misread(probe: Probe) -> Probe:
        kept = tuple(
            turn
            for turn in probe.messages
            if turn.role != "assistant" or turn.tool_calls or turn.prefix
        )
        return replace(probe, messages=kept)

    return misreport_prompt(reply, misread)


@check(
    "conversation.results-are-kept",
    "The result of an earlier tool call MUST be part of the prompt.",
    source=f"{MISTRAL_COMMON}; {OPENAI_CHAT}: tool messages",
    sends=(SHORT_TURN, LONG_RESULT_TURN),
    combined=exact_prompts(TOOL_TURNS),
    needs={Capability.TOOLS},
)
def results_are_kept(short: Exchange, longer: Exchange) -> Findings:
    yield from costs_more(longer, short, "the longer result")


@fault(breaks=results_are_kept, also=("conversation.user-may-follow-tool",))
def old_results_dropped(reply: Reply) -> Reply:
    """Tool results that were already answered are left out of the prompt."""

    def misread(probe: Probe) -> Probe:
        turns = probe.messages
        if not turns or turns[-1].role != "user":
            return probe
        kept = tuple(
            replace(turn, content="") if turn.role == "tool" else turn for turn in turns
        )
        return replace(probe, messages=kept)

    return misreport_prompt(reply, misread)


@check(
    "conversation.system-is-kept-with-tools",
    "A system message MUST be part of the prompt of a request with tools.",
    source=f"{OPENAI_CHAT}: messages, tools; vllm-project/vllm#9693",
    sends=(SYSTEM_TURN, LONG_SYSTEM_TURN),
    combined=exact_prompts(LONG_SYSTEM_TURN),
    needs={Capability.TOOLS},
)
def system_is_kept_with_tools(short: Exchange, longer: Exchange) -> Findings:
    yield from costs_more(longer, short, "the longer system message")


@fault(
    breaks=system_is_kept_with_tools,
    also=("tools", "context", "conversation", "languages", "multimodal", "usage"),
)
def system_replaced_by_tools(reply: Reply) -> Reply:
    """The template writes the tools where the system message would be."""

    def misread(probe: Probe) -> Probe:
        if not probe.options.tools:
            return probe
        kept = tuple(turn for turn in probe.messages if turn.role != "system")
        return replace(probe, messages=kept)

    return misreport_prompt(reply, misread)


@check(
    "conversation.calls-are-kept",
    "The arguments of an earlier tool call MUST be part of the prompt.",
    source=f"{MISTRAL_COMMON}; {OPENAI_CHAT}: messages.tool_calls",
    sends=(SHORT_TURN, LONG_CALL_TURN),
    combined=exact_prompts(TOOL_TURNS),
    needs={Capability.TOOLS},
)
def calls_are_kept(short: Exchange, longer: Exchange) -> Findings:
    yield from costs_more(longer, short, "the longer tool call")


@fault(
    breaks=calls_are_kept,
    also=(
        "tools.results-are-counted",
        "context.reads-tool-results",
        "conversation.unicode-arguments-are-kept",
    ),
)
def arguments_dropped(reply: Reply) -> Reply:
    """Replayed arguments are expected as an object, and a string is ignored."""

    def misread(probe: Probe) -> Probe:
        return replace(probe, messages=tuple(map(_without_arguments, probe.messages)))

    return misreport_prompt(reply, misread)


def _without_arguments(message: Message) -> Message:
    calls = tuple(replace(call, arguments="{}") for call in message.tool_calls)
    return replace(message, tool_calls=calls)


@check(
    "conversation.thoughts-are-kept",
    "Reasoning that the client replays MUST be part of the prompt.",
    source="RightNow-AI/openfang#1157; vercel/ai#17930",
    sends=(SHORT_REASONING, LONG_REASONING),
    combined=(UNUSUAL_TURNS, exact_prompts(LONG_REASONING)),
    needs={Capability.REASONING},
    unless="replayed-thought-dropped",
)
def thoughts_are_kept(short: Exchange, longer: Exchange) -> Findings:
    """Sent as a thinking chunk, in the field of the dialect, or between markers."""
    yield from costs_more(longer, short, "the longer reasoning")


@fault(breaks=thoughts_are_kept, also=("conversation.thoughts-may-be-left-out",))
def replayed_thought_stripped(reply: Reply) -> Reply:
    """Reasoning is replayed under an outdated field name and silently dropped."""

    def misread(probe: Probe) -> Probe:
        return replace(probe, messages=tuple(map(_without_reasoning, probe.messages)))

    return misreport_prompt(reply, misread)


def _without_reasoning(message: Message) -> Message:
    if message.role != "assistant" or not isinstance(message.content, tuple):
        return message
    kept = tuple(part for part in message.content if not isinstance(part, Thinking))
    return replace(message, content=kept)
