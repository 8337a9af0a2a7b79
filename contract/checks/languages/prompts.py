"""Prompt language checks: every supported language, role and tool description."""

from __future__ import annotations

import json
from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import CALENDAR, EVERY_TEXT, TOOL_TURNS
from contract.checks.combined.sentences import SENTENCES
from contract.checks.faults.usage import misread_texts, misreport_prompt
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    TEKKEN,
    expect_unaltered,
    one_token_request,
)
from contract.checks.sources import MISTRAL_TOKENS, MODEL_CARD
from contract.model.chat import Message, Text
from contract.model.check import Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.reply import Reply

LANGUAGES = tuple(
    one_token_request(f"language-{name.lower()}", text)
    for name, text in SENTENCES.items()
)
ROLES = one_token_request(
    "languages-in-every-role",
    Message("system", SENTENCES["Greek"]),
    Message("user", SENTENCES["Korean"]),
    Message("assistant", SENTENCES["Bengali"]),
    Message("user", (Text(SENTENCES["Arabic"]),)),
)
_TOOL = one_token_request("languages-in-a-tool", "Hello")
TOOL = replace(
    _TOOL, options=replace(_TOOL.options, tools=(CALENDAR,), tool_choice="none")
)


@check(
    "languages.each-is-read",
    "A text in a supported language MUST be counted to the token.",
    source=MODEL_CARD,
    sends=(PLAIN, *LANGUAGES),
    needs=TEKKEN,
    combined=exact_prompts(EVERY_TEXT),
)
def each_is_read(base: Exchange, *exchanges: Exchange) -> Findings:
    """The model card lists 24 languages; its metadata has Swedish instead of Greek."""
    yield from expect_unaltered(base, exchanges)


@fault(
    breaks=each_is_read,
    also=(
        "languages",
        "conversation",
        "usage.exact-prompt-tokens",
        "usage.agrees-with-input-tokens",
    ),
)
def accents_folded(reply: Reply) -> Reply:
    """An old gateway replaces characters outside Latin-1 with question marks."""
    return misreport_prompt(reply, misread_texts(_as_latin_1))


def _as_latin_1(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


@check(
    "languages.every-role-is-read",
    "Text in any language MUST be read in every role, as plain text and as a part.",
    source=MISTRAL_TOKENS,
    sends=(PLAIN, ROLES),
    needs=TEKKEN,
    combined=exact_prompts(EVERY_TEXT),
)
def every_role_is_read(base: Exchange, *exchanges: Exchange) -> Findings:
    yield from expect_unaltered(base, exchanges)


@fault(breaks=every_role_is_read)
def system_read_as_ascii(reply: Reply) -> Reply:
    """The system prompt passes through a filter that supports only ASCII."""
    return misreport_prompt(reply, misread_texts(_as_ascii, {"system"}))


def _as_ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


@check(
    "languages.tools-are-read",
    "Text in any language MUST be read in the description of a tool.",
    source="mistralai/mistral-common: tools are encoded as JSON without escapes",
    sends=(PLAIN, TOOL),
    needs=TEKKEN | {Capability.TOOLS},
    combined=exact_prompts(TOOL_TURNS),
)
def tools_are_read(base: Exchange, *exchanges: Exchange) -> Findings:
    """A template that escapes non-ASCII text changes what the model reads."""
    yield from expect_unaltered(base, exchanges)


@fault(breaks=tools_are_read)
def tools_escaped(reply: Reply) -> Reply:
    """The chat template encodes tools with a filter that escapes non-ASCII (tojson)."""
    return misreport_prompt(reply, _escaped)


def _escaped(probe: Probe) -> Probe:
    tools = tuple(
        replace(tool, description=json.dumps(tool.description)[1:-1])
        for tool in probe.options.tools
    )
    return replace(probe, options=replace(probe.options, tools=tools))
