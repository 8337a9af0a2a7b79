"""What each provider does beyond its spelling: limits, order of messages, quirks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from contract.chat import Json, Message, Probe, Thinking
from contract.dialects.base import Dialect, Problem, Trouble

Body = Mapping[str, Json]
Judge = Callable[[Probe, Body], Problem | None]


def nothing(_probe: Probe, _body: Body) -> Problem | None:
    """No further rule."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    How a provider of one family behaves.

    `judges` refuse requests that fit the schema. `room` is how many tokens may be
    generated, or why none. `open` are the paths that need no key. `any_model` serves
    whatever is asked for; `echoes` says whether the answer names the model as asked
    for or always the first. `quiet_json` stops thinking when JSON is asked for.
    `named` is the finish reason of a call that was forced by name, `rides` whether
    the finish reason may come with the last text, `timed` whether every last chunk
    gets the counts. `one_counts` counts only the first of several choices. `ids` and
    `call_ids` are lengths.
    """

    judges: tuple[Judge, ...] = ()
    room: Callable[[int, int | None, int], int | Problem]
    images: int | None = None
    json_only: bool = True
    any_model: bool = False
    echoes: bool = True
    open: frozenset[str] = frozenset()
    quiet_json: bool = False
    prefixed: bool = False
    named: str = "tool_calls"
    full: str = "length"
    rides: bool = False
    timed: bool = False
    one_counts: bool = False
    id: str = "chatcmpl-"
    ids: int = 16
    call_ids: int = 9
    version: str | None = None
    health: bytes = b""


def strict_room(prompt: int, asked: int | None, window: int) -> int | Problem:
    """Prompt and max_tokens must fit together."""
    if prompt > window:
        return Problem(trouble=Trouble.OVERFLOW, count=prompt, limit=window)
    if prompt + (1 if asked is None else asked) > window:
        count = prompt + (1 if asked is None else asked)
        return Problem(
            trouble=Trouble.MAX_TOKENS, value=asked, count=count, limit=window
        )
    return window - prompt if asked is None else asked


def clamped_room(prompt: int, asked: int | None, window: int) -> int | Problem:
    """
    The prompt must leave one token; a greater max_tokens is cut to what is left.

    A prompt as long as the window passes as a prompt and then fails for want of a
    token to generate; max_tokens beyond the window is refused by itself.
    """
    if prompt > window:
        return Problem(trouble=Trouble.OVERFLOW, count=prompt, limit=window)
    if asked is not None and asked > window:
        return Problem(
            trouble=Trouble.MAX_TOKENS, value=asked, count=asked, limit=window
        )
    if prompt == window:
        return Problem(
            trouble=Trouble.SCHEMA,
            message="max_tokens must be at least 1, got 0.",
            pointer="/max_tokens",
            keyword="minimum",
            expected="1",
            value=0,
        )
    return window - prompt if asked is None else min(asked, window - prompt)


def former_room(prompt: int, asked: int | None, window: int) -> int | Problem:
    """A prompt as long as the window is too long; prompt and max_tokens must fit."""
    if prompt >= window:
        return Problem(trouble=Trouble.OVERFLOW, count=prompt, limit=window)
    return strict_room(prompt, asked, window)


def lax_room(prompt: int, asked: int | None, window: int) -> int | Problem:
    """The prompt must leave one token; max_tokens below one means no bound."""
    if prompt >= window:
        return Problem(trouble=Trouble.OVERFLOW, count=prompt, limit=window)
    left = window - prompt
    if asked is None or asked < 0:
        return left
    return min(max(asked, 1), left)


_AFTER = {
    "system": {"user", "assistant", "system"},
    "user": {"assistant", "system", "user"},
    "assistant": {"assistant", "user", "tool"},
    "tool": {"assistant", "tool", "user"},
}


def _order(message: str) -> Problem:
    return Problem(trouble=Trouble.ORDER, message=message, pointer="/messages")


def order(probe: Probe, _body: Body) -> Problem | None:
    """Which role may follow which, and that there is something to answer."""
    if not probe.messages:
        return _order("Conversation must have at least one message")
    before = None
    for message in probe.messages:
        if before is None and message.role in {"assistant", "tool"}:
            return _order(
                "Expected the first role to be system or user but got " + message.role
            )
        if before is not None and message.role not in _AFTER[before.role]:
            return _order(
                f"Unexpected role '{message.role}' after role '{before.role}'"
            )
        if before is not None and before.prefix:
            return _order("Assistant message with prefix True must be last message")
        if message.role == "assistant" and not _says(message):
            return _order("Assistant message must have either content or tool_calls")
        before = message
    return None


def _says(message: Message) -> bool:
    return bool(message.tool_calls) or bool(message.content)


def no_user_after_tool(probe: Probe, _body: Body) -> Problem | None:
    """The rule of 2025: a tool's result is followed by an assistant message."""
    for before, message in zip(probe.messages, probe.messages[1:], strict=False):
        if before.role == "tool" and message.role == "user":
            return _order("Unexpected role 'user' after role 'tool'")
    return None


def last_is_asking(probe: Probe, _body: Body) -> Problem | None:
    """The last message is a user's, a tool's, or an assistant's to be continued."""
    last = probe.messages[-1]
    if last.role in {"user", "tool"} or (last.role == "assistant" and last.prefix):
        return None
    return _order(
        "Expected last role User or Tool (or Assistant with prefix True) for serving "
        f"but got {last.role}"
    )


def last_is_not_assistant(probe: Probe, _body: Body) -> Problem | None:
    """An assistant message at the end must be asked to be continued."""
    last = probe.messages[-1]
    if last.role != "assistant" or last.prefix:
        return None
    return _order(
        "Cannot set `add_generation_prompt` to True when the last message is from "
        "the assistant. Consider using `continue_final_message` instead."
    )


def tool_results(probe: Probe, _body: Body) -> Problem | None:
    """Every result answers one call of the assistant message before it."""
    expected: set[str] = set()
    answered: set[str] = set()
    for message in probe.messages:
        if message.role == "tool":
            id = message.tool_call_id or ""
            if id in answered:
                return _tool(f"Duplicate tool call id {id} in tool results")
            if id not in expected:
                return _tool(f"Unexpected tool call id {id} in tool results")
            answered.add(id)
        elif message.role == "assistant":
            if expected != answered:
                return _tool("Not the same number of function calls and responses")
            ids = [call.id for call in message.tool_calls]
            expected, answered = set(ids), set()
            if len(expected) != len(ids):
                return _tool("Duplicate tool call id in assistant message")
    if expected != answered and probe.messages[-1].role in {"user", "tool"}:
        return _tool("Not the same number of function calls and responses")
    return None


def _tool(message: str) -> Problem:
    return Problem(trouble=Trouble.TOOL, message=message, pointer="/messages")


def orphans(probe: Probe, _body: Body) -> Problem | None:
    """A chat template fails on a tool's result that nobody asked for."""
    called = False
    for message in probe.messages:
        if message.role == "tool" and not called:
            return _tool("a tool message must follow a tool call")
        called = called or bool(message.tool_calls)
    return None


def forced_tool(probe: Probe, _body: Body) -> Problem | None:
    """A forced tool must be one of the given."""
    choice, tools = probe.options.tool_choice or "", probe.options.tools
    if choice.startswith("=") and choice[1:] not in {tool.name for tool in tools}:
        message = (
            "The tool specified in `tool_choice` does not match any of the specified "
            "`tools`"
        )
    elif choice == "required" and not tools:
        message = "When using `tool_choice`, `tools` must be set."
    else:
        return None
    return Problem(
        trouble=Trouble.TOOL_CHOICE,
        message=message,
        pointer="/tool_choice",
        value=choice,
    )


def choice_needs_tools(probe: Probe, _body: Body) -> Problem | None:
    """Any tool choice but none needs tools to choose from."""
    choice = probe.options.tool_choice
    if probe.options.tools or choice in {None, "none"}:
        return None
    return Problem(
        trouble=Trouble.TOOL_CHOICE,
        message="When using `tool_choice`, `tools` must be set.",
        pointer="/tool_choice",
        value=choice,
    )


def _unsupported(name: str, message: str, value: Json = None) -> Problem:
    return Problem(
        trouble=Trouble.UNSUPPORTED,
        message=message,
        pointer=f"/{name}" if name else "",
        value=value,
    )


def successors(probe: Probe, body: Body) -> Problem | None:
    """What the models of 2026 do not take any more, or only in part."""
    options = probe.options
    if options.prompt_mode is not None:
        return _unsupported(
            "prompt_mode", "Reasoning prompt mode is not enabled for this model"
        )
    if options.reasoning_effort not in {None, "none", "high"}:
        return _unsupported(
            "reasoning_effort",
            f"reasoning_effort={options.reasoning_effort} is not supported for this "
            "model. Supported values: none, high",
        )
    if body.get("logprobs") or body.get("top_logprobs") is not None:
        return _unsupported("logprobs", "Logprobs are not enabled for this model")
    thoughts = (
        part
        for message in probe.messages
        if message.role == "system"
        for part in message.parts
        if isinstance(part, Thinking)
    )
    if next(thoughts, None) is not None:
        return _unsupported("messages", "Reasoning input is not enabled for this model")
    return None


def one_greedy(probe: Probe, _body: Body) -> Problem | None:
    """Several choices need sampling."""
    count = probe.options.n or 1
    if count > 1 and probe.options.temperature == 0:
        return _unsupported("", f"n must be 1 when using greedy sampling, got {count}.")
    return None


def stream_options(_probe: Probe, body: Body) -> Problem | None:
    """Options of a stream need a stream."""
    if body.get("stream_options") is not None and body.get("stream") is not True:
        return _unsupported(
            "stream_options",
            "Stream options can only be defined when `stream=True`.",
        )
    return None


def two_slots(probe: Probe, _body: Body) -> Problem | None:
    """Every choice takes a slot, and there are two."""
    count = probe.options.n or 1
    if count > 2:  # noqa: PLR2004  # the number of slots
        return _unsupported(
            "n", f"Field 'n': Value must be between 1 <= value <= 2, but got {count}"
        )
    return None


_VLLM = Rules(
    judges=(
        order,
        last_is_not_assistant,
        tool_results,
        choice_needs_tools,
        forced_tool,
        one_greedy,
        stream_options,
    ),
    room=clamped_room,
    images=10,
    echoes=False,
    open=frozenset({"/health", "/version", "/tokenize", "/detokenize"}),
    quiet_json=True,
    named="stop",
    rides=True,
    version="0.32.0",
)
_MISTRAL = Rules(
    judges=(order, no_user_after_tool, last_is_asking, tool_results, forced_tool),
    room=strict_room,
    images=8,
    prefixed=True,
    full="model_length",
    id="",
    ids=32,
)
_FAMILIES = {
    "mistral-": _MISTRAL,
    "mistral-2026": replace(
        _MISTRAL,
        judges=(order, last_is_asking, tool_results, forced_tool, successors),
    ),
    "vllm-": _VLLM,
    "vllm-0.11": replace(_VLLM, room=former_room, version="0.11.0"),
    "vllm-0.12": replace(_VLLM, version="0.12.0"),
    "inline": _VLLM,
    "llamacpp": Rules(
        judges=(orphans, two_slots),
        room=lax_room,
        json_only=False,
        any_model=True,
        echoes=False,
        open=frozenset({"/health"}),
        timed=True,
        one_counts=True,
        ids=32,
        call_ids=32,
        health=b'{"status":"ok"}',
    ),
    "transformers": Rules(
        judges=(orphans, forced_tool),
        room=lax_room,
        ids=32,
        health=b'{"status":"ok"}',
    ),
}
_OTHERS = Rules(judges=(order, last_is_not_assistant, tool_results), room=clamped_room)


def of(dialect: Dialect) -> Rules:
    """The rules of the family that the longest beginning of its id names."""
    names = [name for name in _FAMILIES if dialect.id.startswith(name)]
    return _FAMILIES[max(names, key=len)] if names else _OTHERS
