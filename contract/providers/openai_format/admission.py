"""
Admission rules for requests that match their schema.

Each rule takes a probe and the body it was parsed from. It returns a rejection when
the request violates it, otherwise None.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

import jsonschema_rs

from contract.model.chat import Json, Message, Thinking
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import AdmissionRule, Body

_SLOTS = 2
_AFTER = {
    "system": {"user", "assistant", "system"},
    "user": {"assistant", "system", "user"},
    "assistant": {"assistant", "user", "tool"},
    "tool": {"assistant", "tool", "user"},
}


def _order(message: str) -> Rejection:
    return Rejection(reason=RejectionReason.ORDER, message=message, pointer="/messages")


def message_order(probe: Probe, _body: Body) -> Rejection | None:
    """Require a valid order of roles, and messages that are not empty."""
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
        if message.role == "assistant" and not _has_content(message):
            return _order("Assistant message must have either content or tool_calls")
        before = message
    return None


def _has_content(message: Message) -> bool:
    return bool(message.tool_calls) or bool(message.content)


def no_user_after_tool(probe: Probe, _body: Body) -> Rejection | None:
    """Require an assistant message after a tool result (the rule of 2025)."""
    for before, message in zip(probe.messages, probe.messages[1:], strict=False):
        if before.role == "tool" and message.role == "user":
            return _order("Unexpected role 'user' after role 'tool'")
    return None


def last_message_awaits_answer(probe: Probe, _body: Body) -> Rejection | None:
    """Require a last message of a user, a tool, or an assistant to be continued."""
    last = probe.messages[-1]
    if last.role in {"user", "tool"} or (last.role == "assistant" and last.prefix):
        return None
    return _order(
        "Expected last role User or Tool (or Assistant with prefix True) for serving "
        f"but got {last.role}"
    )


def last_message_is_not_answer(probe: Probe, _body: Body) -> Rejection | None:
    """Require that an assistant message at the end is to be continued."""
    last = probe.messages[-1]
    if last.role != "assistant" or last.prefix:
        return None
    return _order(
        "Cannot set `add_generation_prompt` to True when the last message is from "
        "the assistant. Consider using `continue_final_message` instead."
    )


def matching_tool_results(probe: Probe, _body: Body) -> Rejection | None:
    """Require one result for each call of the preceding assistant message."""
    expected: set[str] = set()
    answered: set[str] = set()
    for message in probe.messages:
        if message.role == "tool":
            call = message.tool_call_id or ""
            if call in answered:
                return _tool(f"Duplicate tool call id {call} in tool results")
            if call not in expected:
                return _tool(f"Unexpected tool call id {call} in tool results")
            answered.add(call)
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


def _tool(message: str) -> Rejection:
    return Rejection(reason=RejectionReason.TOOL, message=message, pointer="/messages")


def tool_results_follow_calls(probe: Probe, _body: Body) -> Rejection | None:
    """Require a tool call before a tool result, as chat templates do."""
    called = False
    for message in probe.messages:
        if message.role == "tool" and not called:
            return _tool("a tool message must follow a tool call")
        called = called or bool(message.tool_calls)
    return None


def forced_tool(probe: Probe, _body: Body) -> Rejection | None:
    """Require that a forced tool is defined."""
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
    return Rejection(
        reason=RejectionReason.TOOL_CHOICE,
        message=message,
        pointer="/tool_choice",
        value=choice,
    )


_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def tool_definitions(probe: Probe, _body: Body) -> Rejection | None:
    """Require valid names and schemas of tools."""
    for tool in probe.options.tools:
        if not _NAME.fullmatch(tool.name):
            return _unsupported(
                "",
                f"Function name was {tool.name} but must be a-z, A-Z, 0-9, or contain "
                "underscores and dashes, with a maximum length of 64.",
            )
    return tool_schemas(probe, _body)


def tool_schemas(probe: Probe, _body: Body) -> Rejection | None:
    """Require that the parameters of every tool are a valid JSON Schema."""
    for tool in probe.options.tools:
        if not _is_schema(tool.parameters):
            return _unsupported("", f"Invalid tool schema: {_why(tool.parameters)}")
    return None


@lru_cache(maxsize=1_024)
def _is_schema(text: str) -> bool:
    return jsonschema_rs.meta.is_valid(json.loads(text))


def _why(text: str) -> str:
    """Return why *text* is no JSON Schema, in the words of the package jsonschema."""
    try:
        jsonschema_rs.meta.validate(json.loads(text))
    except jsonschema_rs.ValidationError as error:
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):
            return f"{error.instance!r} is not valid under any of the given schemas"
        return error.message
    return text


_VOCABULARY = 131_072  # tokens


def known_token_ids(_probe: Probe, body: Body) -> Rejection | None:
    """Require that `logit_bias` names tokens of the vocabulary."""
    bias = body.get("logit_bias")
    names = bias if isinstance(bias, dict) else {}
    ids = [int(n) for n in names if n.isascii() and n.isdigit() and len(n) < _DIGITS]
    outside = [number for number in ids if number >= _VOCABULARY]
    if not outside:
        return None
    return _unsupported(
        "logit_bias",
        f"token_id(s) {outside} in logit_bias contain out-of-vocab token ids. "
        f"Vocabulary size: {_VOCABULARY}",
        list(outside),
    )


_DIGITS = 20  # of a number that is still converted
_CONSTRAINTS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")


def one_constraint(_probe: Probe, body: Body) -> Rejection | None:
    """Require at most one constraint in `structured_outputs`, which is not applied."""
    given = body.get("structured_outputs")
    names = given if isinstance(given, dict) else {}
    if sum(names.get(name) is not None for name in _CONSTRAINTS) <= 1:
        return None
    return _unsupported(
        "structured_outputs",
        "You can only use one kind of constraints for structured outputs ('json', "
        "'regex' or 'choice').",
    )


def choice_needs_tools(probe: Probe, _body: Body) -> Rejection | None:
    """Require tools for every tool choice other than none."""
    choice = probe.options.tool_choice
    if probe.options.tools or choice in {None, "none"}:
        return None
    return Rejection(
        reason=RejectionReason.TOOL_CHOICE,
        message="When using `tool_choice`, `tools` must be set.",
        pointer="/tool_choice",
        value=choice,
    )


def _unsupported(name: str, message: str, value: Json = None) -> Rejection:
    return Rejection(
        reason=RejectionReason.UNSUPPORTED,
        message=message,
        pointer=f"/{name}" if name else "",
        value=value,
    )


def only_parts_of(*types: str, role: str, message: str) -> AdmissionRule:
    """
    Return a rule that rejects parts of other types in the messages of *role*.

    *types* are the accepted ones; `{}` in *message* stands for the type of the part.
    """

    def rule(_probe: Probe, body: Body) -> Rejection | None:
        messages = body.get("messages")
        for number, entry in enumerate(messages if isinstance(messages, list) else ()):
            if not isinstance(entry, dict) or entry.get("role") != role:
                continue
            parts = entry.get("content")
            for part in parts if isinstance(parts, list) else ():
                kind = part.get("type", "text") if isinstance(part, dict) else "text"
                if kind not in types:
                    return Rejection(
                        reason=RejectionReason.UNSUPPORTED,
                        message=message.format(kind),
                        pointer=f"/messages/{number}/content",
                        value=kind,
                    )
        return None

    return rule


def supported_by_successors(probe: Probe, body: Body) -> Rejection | None:
    """Require options that the models of 2026 support."""
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
    reasoning = (
        part
        for message in probe.messages
        if message.role == "system"
        for part in message.parts
        if isinstance(part, Thinking)
    )
    if next(reasoning, None) is not None:
        return _unsupported("messages", "Reasoning input is not enabled for this model")
    return None


def greedy_has_one_choice(probe: Probe, _body: Body) -> Rejection | None:
    """Require sampling for several choices."""
    count = probe.options.n or 1
    if count > 1 and probe.options.temperature == 0:
        return _unsupported("", f"n must be 1 when using greedy sampling, got {count}.")
    return None


def stream_options(_probe: Probe, body: Body) -> Rejection | None:
    """Require a stream for the options of a stream."""
    if body.get("stream_options") is not None and body.get("stream") is not True:
        return _unsupported(
            "stream_options",
            "Stream options can only be defined when `stream=True`.",
        )
    return None


def at_most_two_choices(probe: Probe, _body: Body) -> Rejection | None:
    """Require at most two choices: each needs a slot, and there are two."""
    count = probe.options.n or 1
    if count > _SLOTS:
        return _unsupported(
            "n", f"Field 'n': Value must be between 1 <= value <= 2, but got {count}"
        )
    return None
