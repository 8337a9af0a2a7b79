"""Checks that arguments are JSON, satisfy the schema and are streamed intact."""

from __future__ import annotations

import json

from contract.checks.judging.answered import is_cut_off
from contract.checks.sources import MISTRAL_TOOLS, OPENAI_TOOLS, VLLM_TOOLS
from contract.checks.tools.calls import (
    CALLED,
    STREAMED_TOOLS,
    TOOLS,
    arguments_match_schema,
    calls,
    complete_calls,
    reply_location,
    rewrite_arguments,
)
from contract.checks.tools.probes import FORCED_STRICTLY, STRICT
from contract.model.chat import Json
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import TOOL, TOOL_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.strict_json import MISSING, read_json
from contract.portable.requirement import decided
from contract.portable.schemas import every, has


@check(
    "tools.arguments-are-an-object",
    "The arguments of a non-streamed tool call MUST be one JSON object.",
    source=f"{OPENAI_TOOLS}; {MISTRAL_TOOLS}",
    sends=TOOL_WHOLE,
    needs=TOOLS,
    every=Scope.WHOLE,
)
@decided(has(calls=every(has(argumentsAre="object"))), when=CALLED)
def arguments_are_an_object(exchange: Exchange) -> Findings:
    """Other checks judge the schema of the arguments and their streaming."""
    for one in complete_calls(exchange):
        if not isinstance(one.value, dict):
            yield Finding(
                f"the arguments of {one.name} are not a JSON object",
                expected="the JSON text of one object",
                actual=shorten(one.arguments) or "nothing",
                at=reply_location(exchange),
            )


@fault(
    breaks=arguments_are_an_object,
    also=(
        "tools.arguments-fit-the-schema",
        "tools.no-parameters-are-an-object",
        "tools.streamed-equals-whole",
        "tools.streams-lose-no-call",
    ),
)
def arguments_encoded_twice(reply: Reply) -> Reply:
    """The arguments are encoded as JSON twice, so they are a string with an object."""
    if reply.streamed or _is_strict(reply):
        return reply
    return rewrite_arguments(reply, json.dumps)


@check(
    "tools.arguments-fit-the-schema",
    "The arguments of a tool call SHOULD satisfy the tool's own JSON Schema.",
    source=f"{OPENAI_TOOLS}; MoonshotAI/K2-Vendor-Verifier",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
    every=Scope.ANSWERS,
)
def arguments_fit_the_schema(exchange: Exchange) -> Findings:
    yield from arguments_match_schema(exchange)


@fault(breaks=arguments_fit_the_schema)
def arguments_renamed(reply: Reply) -> Reply:
    """The arguments have the member names of another version of the tool."""

    def rename_members(text: str) -> str:
        value = read_json(text.encode(errors="surrogatepass"))
        if not isinstance(value, dict):
            return text
        return _to_text({f"{name}_name": member for name, member in value.items()})

    return reply if _is_strict(reply) else rewrite_arguments(reply, rename_members)


def _is_strict(reply: Reply) -> bool:
    """Return whether the request has a strict tool."""
    listed = reply.asked.get("tools")
    functions = (
        entry.get("function")
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
    )
    return any(isinstance(f, dict) and f.get("strict") is True for f in functions)


def _to_text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _all_fit(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from arguments_match_schema(exchange)


@check(
    "tools.strict-arguments-fit",
    "The arguments of a forced call of a strict tool MUST satisfy its JSON Schema.",
    source=f"{MISTRAL_TOOLS} (strict); {VLLM_TOOLS}",
    sends=STRICT,
    combined=Combined(sends=FORCED_STRICTLY, judge=_all_fit),
    needs=TOOLS | {Capability.FORCED_TOOLS, Capability.STRICT_TOOLS},
)
def strict_arguments_fit(exchange: Exchange) -> Findings:
    """The schema has an enum, a bounded array of numbers and a closed object."""
    yield from arguments_match_schema(exchange)


@fault(breaks=strict_arguments_fit, also=("tools.composed-arguments-fit",))
def strict_ignored(reply: Reply) -> Reply:
    """The schema is not enforced, so the model omits required arguments."""

    def keep_city(text: str) -> str:
        value = read_json(text.encode(errors="surrogatepass"))
        if not isinstance(value, dict):
            return text
        return _to_text({"city": value.get("city")})

    return rewrite_arguments(reply, keep_city) if _is_strict(reply) else reply


@check(
    "tools.streamed-equals-whole",
    "A request with a seed SHOULD get the same calls streamed and not streamed.",
    source="house rule; vllm-project/vllm#20028",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS | {Capability.SEED},
)
def streamed_equals_whole(streamed: Exchange, whole: Exchange) -> Findings:
    """Names and values are compared; ids and white space in the arguments are not."""
    if is_cut_off(streamed) or is_cut_off(whole):
        raise NotApplicable("a reply was cut off before the call was complete")
    found, expected = _call_texts(streamed), _call_texts(whole)
    if not found and not expected:
        raise NotApplicable("the model called no tool")
    if found != expected:
        yield Finding(
            "the streamed calls differ from the non-streamed calls",
            expected=shorten("; ".join(expected)) or "no call",
            actual=shorten("; ".join(found)) or "no call",
            at=reply_location(streamed),
        )


def _call_texts(exchange: Exchange) -> list[str]:
    """Return the calls as text, with the arguments in a canonical form."""
    texts = []
    for one in calls(exchange):
        valid = one.value is not MISSING
        value = json.dumps(one.value, sort_keys=True) if valid else one.arguments
        texts.append(f"{one.name}({value})")
    return texts


@fault(breaks=streamed_equals_whole, also=("tools.streams-lose-no-call",))
def fragments_repeated(reply: Reply) -> Reply:
    """The streaming parser sends the text of a value twice (vllm#17585)."""

    def double_strings(text: str) -> str:
        value = read_json(text.encode(errors="surrogatepass"))
        if not isinstance(value, dict):
            return text
        return _to_text(
            {
                name: member * 2 if isinstance(member, str) else member
                for name, member in value.items()
            }
        )

    return rewrite_arguments(reply, double_strings) if reply.streamed else reply
