"""A check of arguments for a corpus of parameters, and the rate of valid ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from contract.checks.corpus import corpus
from contract.checks.judging.answered import ANSWERED_OR_REJECTED
from contract.checks.judging.corpus import all_valid, figures
from contract.checks.sources import MISTRAL_TOOLS, OPENAI_TOOLS, VLLM_TOOLS
from contract.checks.tools.calls import (
    FORCED,
    complete_calls,
    request_options,
    rewrite_arguments,
    tool_schemas,
)
from contract.checks.tools.probes import REQUIRED_WHOLE
from contract.model.chat import Json, Tool, freeze
from contract.model.check import Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.schema.validate import mismatch

NAME = "save_example"


def _asked(number: int, name: str, schema: Json) -> Probe:
    """Return the forced call of a tool with the parameters *schema*."""
    tool = Tool(NAME, freeze(schema), "Saves an example")
    return replace(
        REQUIRED_WHOLE,
        name=f"corpus-call-{name}",
        messages=(user("Invent a short example and save it. Use the tool."),),
        options=replace(REQUIRED_WHOLE.options, tools=(tool,)),
        patches=(Patch("strict", "/tools/0/function/strict", "true"),),
        # Where the schema of an answer is streamed, that of a call is not.
        stream=number % 2 == 0,
        reasons=number // 2 % 2 == 0,
    )


PROBES = tuple(
    _asked(number, name, schema)
    for number, (name, schema) in enumerate(corpus().items())
)


def _reason(exchange: Exchange) -> str:
    schemas = tool_schemas(exchange)
    found = (
        mismatch(schemas.get(one.name), one.value)
        for one in complete_calls(exchange)
        if one.name in schemas
    )
    return next((reason for reason in found if reason), "")


def _figures(*exchanges: Exchange) -> Mapping[str, float]:
    return figures("valid_arguments", exchanges, _reason)


@check(
    "tools.corpus-is-satisfied",
    f"Arguments for {len(PROBES)} strict schemas MUST satisfy them, where accepted.",
    source=f"{MISTRAL_TOOLS} (strict); {OPENAI_TOOLS}; {VLLM_TOOLS}",
    sends=PROBES,
    needs=FORCED | {Capability.STRICT_TOOLS},
    expects=ANSWERED_OR_REJECTED,
    slow=True,
    measures=_figures,
)
def corpus_is_satisfied(*exchanges: Exchange) -> Findings:
    """Whole and streamed, with and without reasoning, one request for each schema."""
    yield from all_valid(exchanges, _reason)


@fault(breaks=corpus_is_satisfied)
def tool_tuples_ignored(reply: Reply) -> Reply:
    """The grammar of tools does not know prefixItems, so a pair has one entry."""
    tools = request_options(reply).tools
    asked = any(t.name == NAME and '"prefixItems"' in t.parameters for t in tools)
    if not asked:
        return reply
    return rewrite_arguments(reply, lambda _: '{"pair": [1]}')
