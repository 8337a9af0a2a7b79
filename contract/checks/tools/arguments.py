"""That the arguments of a call are JSON, fit the schema, and survive the stream."""

from __future__ import annotations

import json

from contract.checks.sources import (
    MISTRAL_TOOLS,
    OPENAI_TOOLS,
    VLLM_TOOLS,
)
from contract.checks.tools.asking import STRICT
from contract.checks.tools.calls import (
    STREAMED_TOOLS,
    TOOLS,
    at,
    calling,
    calls,
    made,
    misfits,
    reargued,
    was_cut,
)
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    TOOL,
    TOOL_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.strict_json import (
    MISSING,
    read_json,
)


@check(
    "tools.arguments-are-an-object",
    "The arguments of a whole tool call MUST be one JSON object.",
    source=f"{OPENAI_TOOLS}; {MISTRAL_TOOLS}",
    sends=TOOL_WHOLE,
    needs=TOOLS,
)
def arguments_are_an_object(exchange: Exchange) -> Findings:
    """Whether they fit the schema, and how they come in a stream, is judged apart."""
    for one in made(exchange):
        if not isinstance(one.value, dict):
            yield Finding(
                f"the arguments of {one.name} are no JSON object",
                expected="the text of one JSON object",
                actual=shorten(one.arguments) or "nothing",
                at=at(exchange),
            )


@fault(
    breaks=arguments_are_an_object,
    also=("tools.arguments-fit-the-schema", "tools.streamed-equals-whole"),
)
def arguments_encoded_twice(reply: Reply) -> Reply:
    """The arguments are made JSON a second time: a string that holds an object."""
    other = reply.streamed or _strict(reply)
    return reply if other else reargued(reply, json.dumps)


@check(
    "tools.arguments-fit-the-schema",
    "The arguments of a tool call SHOULD satisfy the tool's own JSON Schema.",
    source=f"{OPENAI_TOOLS}; MoonshotAI/K2-Vendor-Verifier",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
)
def arguments_fit_the_schema(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from misfits(exchange, where=at(exchange))


@fault(breaks=arguments_fit_the_schema)
def arguments_renamed(reply: Reply) -> Reply:
    """The call comes with the member names of another version of the tool."""

    def renamed(text: str) -> str:
        value = read_json(text.encode(errors="surrogatepass"))
        if not isinstance(value, dict):
            return text
        return _text({f"{name}_name": held for name, held in value.items()})

    return reply if _strict(reply) else reargued(reply, renamed)


def _strict(reply: Reply) -> bool:
    """Whether the request asks for arguments that are held to the schema."""
    sent = read_json(reply.request.body)
    listed = sent.get("tools") if isinstance(sent, dict) else None
    functions = (
        entry.get("function")
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
    )
    return any(isinstance(f, dict) and f.get("strict") is True for f in functions)


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


@check(
    "tools.strict-arguments-fit",
    "The arguments of a forced call of a strict tool MUST satisfy its JSON Schema.",
    source=f"{MISTRAL_TOOLS} (strict); {VLLM_TOOLS}",
    sends=STRICT,
    needs=TOOLS | {Capability.FORCED_TOOLS, Capability.STRICT_TOOLS},
)
def strict_arguments_fit(exchange: Exchange) -> Findings:
    """An enum, an array of numbers within bounds, and an object that is closed."""
    yield from misfits(exchange, where=at(exchange))


@fault(breaks=strict_arguments_fit)
def strict_ignored(reply: Reply) -> Reply:
    """The grammar is not applied, and the model leaves out what it does not know."""

    def shortened(text: str) -> str:
        value = read_json(text.encode(errors="surrogatepass"))
        return _text({"city": value.get("city")}) if isinstance(value, dict) else text

    return reargued(reply, shortened) if _strict(reply) else reply


@check(
    "tools.streamed-equals-whole",
    "The same request with the same seed SHOULD make the same calls streamed and "
    "whole.",
    source="house rule; vllm-project/vllm#20028",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS | {Capability.SEED},
)
def streamed_equals_whole(streamed: Exchange, whole: Exchange) -> Findings:
    """Names and values count; ids are new each time, and white space is free."""
    if was_cut(streamed) or was_cut(whole):
        raise NotApplicable("a reply was cut before the call was complete")
    said, wanted = _calls(streamed), _calls(whole)
    if not said and not wanted:
        raise NotApplicable("the model called no tool")
    if said != wanted:
        yield Finding(
            "the stream does not make the calls of the whole reply",
            expected=shorten("; ".join(wanted)) or "no call",
            actual=shorten("; ".join(said)) or "no call",
            at=at(streamed),
        )


def _calls(exchange: Exchange) -> list[str]:
    found = []
    for one in calls(exchange):
        known = one.value is not MISSING
        value = json.dumps(one.value, sort_keys=True) if known else one.arguments
        found.append(f"{one.name}({value})")
    return found


@fault(breaks=streamed_equals_whole)
def fragments_repeated(reply: Reply) -> Reply:
    """The streaming parser sends the text of a value a second time (vllm#17585)."""

    def doubled(text: str) -> str:
        value = read_json(text.encode(errors="surrogatepass"))
        if not isinstance(value, dict):
            return text
        return _text(
            {
                n: held * 2 if isinstance(held, str) else held
                for n, held in value.items()
            }
        )

    return reargued(reply, doubled) if reply.streamed and calling(reply) else reply
