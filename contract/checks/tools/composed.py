"""Checks of tool parameters as libraries write them: none, references, null, lists."""

from __future__ import annotations

import json
from dataclasses import replace

from contract.checks.judging.answered import is_cut_off
from contract.checks.sources import MISTRAL_TOOLS, OPENAI_TOOLS, VLLM_TOOLS
from contract.checks.tools.calls import (
    FORCED,
    arguments_match_schema,
    calls,
    reply_location,
    request_options,
    rewrite_arguments,
)
from contract.checks.tools.probes import (
    COMPOSED_SCHEMA,
    FORCED_STRICTLY,
    NAMED_WITHOUT,
    REQUIRED_WHOLE,
    STRICTLY,
)
from contract.model.chat import Json, Tool, freeze
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply


def _forced(name: str, schema: Json, **changes: object) -> Probe:
    """Return the request for a call of one tool with the parameters *schema*."""
    tool = Tool("list_alarms", freeze(schema), "The alarms that are set")
    options = replace(REQUIRED_WHOLE.options, tools=(tool,))
    asks = replace(
        REQUIRED_WHOLE,
        name=name,
        messages=(user("Which alarms are set? Use the tool."),),
        options=options,
    )
    return replace(asks, **changes)  # type: ignore[arg-type]  # fields of a probe


EMPTY_WHOLE = _forced("tool-empty-whole", {"type": "object", "properties": {}})
EMPTY = replace(EMPTY_WHOLE, name="tool-empty-streamed", stream=True)
UNDECLARED_WHOLE = _forced("tool-undeclared-whole", {"type": "object"})
UNDECLARED = replace(UNDECLARED_WHOLE, name="tool-undeclared-streamed", stream=True)

COMPOSED_WHOLE = _forced("tool-composed-whole", COMPOSED_SCHEMA, patches=STRICTLY)
COMPOSED = replace(COMPOSED_WHOLE, name="tool-composed-streamed", stream=True)


@check(
    "tools.no-parameters-are-an-object",
    "The arguments of a tool without parameters MUST be a JSON object.",
    source=f"{OPENAI_TOOLS}; brave/brave-browser#56601",
    sends=(EMPTY_WHOLE, EMPTY, UNDECLARED_WHOLE, UNDECLARED),
    combined=Combined(sends=NAMED_WITHOUT, needs=frozenset({Capability.NAMED_TOOLS})),
    needs=FORCED,
)
def no_parameters_are_an_object(*exchanges: Exchange) -> Findings:
    """Clients parse the arguments as JSON, which an empty text is not."""
    judged = False
    for exchange in exchanges:
        for one in () if is_cut_off(exchange) else calls(exchange):
            judged = True
            if not isinstance(one.value, dict):
                yield Finding(
                    f"the arguments of {one.name} are not a JSON object",
                    expected="{}",
                    actual=shorten(one.arguments) or "an empty text",
                    at=reply_location(exchange),
                )
    if not judged:
        raise NotApplicable("the model called no tool")


def _is_without_parameters(reply: Reply) -> bool:
    tools = request_options(reply).tools
    schemas = [json.loads(tool.parameters) for tool in tools]
    return bool(schemas) and not any(
        isinstance(schema, dict) and schema.get("properties") for schema in schemas
    )


@fault(breaks=no_parameters_are_an_object)
def no_arguments_are_no_text(reply: Reply) -> Reply:
    """The arguments of a tool without parameters are an empty text."""
    if not _is_without_parameters(reply):
        return reply
    return rewrite_arguments(reply, lambda _: "")


@fault(breaks=no_parameters_are_an_object)
def no_arguments_are_null(reply: Reply) -> Reply:
    """The arguments of a tool without parameters are the text null, in streams."""
    if not (reply.streamed and _is_without_parameters(reply)):
        return reply
    return rewrite_arguments(reply, lambda _: "null")


@check(
    "tools.composed-arguments-fit",
    "Arguments MUST satisfy strict parameters with $ref, anyOf and lists of objects.",
    source=f"{MISTRAL_TOOLS} (strict); {VLLM_TOOLS}; ggml-org/llama.cpp#24097",
    sends=(COMPOSED_WHOLE, COMPOSED),
    combined=Combined(sends=FORCED_STRICTLY),
    needs=FORCED | {Capability.STRICT_TOOLS},
)
def composed_arguments_fit(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from arguments_match_schema(exchange)


def _has_reference(reply: Reply) -> bool:
    return any('"$ref":' in tool.parameters for tool in request_options(reply).tools)


@fault(breaks=composed_arguments_fit)
def tool_references_ignored(reply: Reply) -> Reply:
    """Parameters are passed to the grammar without their $defs, which match nothing."""
    if not _has_reference(reply):
        return reply
    return rewrite_arguments(reply, lambda _: '{"alarms": ["7 o\'clock"]}')
