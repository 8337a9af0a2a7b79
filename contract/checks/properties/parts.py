"""Properties: a text is equivalent to one text part, and to several parts."""

from __future__ import annotations

from typing import Any

from contract.checks.faults.usage import add_tokens
from contract.checks.properties.comparing import (
    SEEDED,
    deterministic,
    differences,
    last_question,
    last_user_content,
    with_last_question,
)
from contract.model.chat import Text
from contract.model.check import Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability, Profile
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.strategies import requests

# mistral-common joins adjacent texts with a blank line, the templates of other engines
# with a line break or nothing.
BLANK_LINE = "\n\n"
JOINTS = ("", "\n", BLANK_LINE)


def text_and_part(profile: Profile) -> Any:  # a strategy
    """Return a strategy for a last question as a string, and as one text part."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = deterministic(probe)
        text = last_question(one)
        return (with_last_question(one, text), with_last_question(one, (Text(text),)))

    return requests.valid(profile).map(pair)


def parts_and_texts(profile: Profile) -> Any:  # a strategy
    """
    Return a strategy for a last question in several parts, and as joined texts.

    The separator depends on the prompt template, so there is a text for each; it is
    known only for profiles that promise Tekken's counts.
    """
    joints = (BLANK_LINE,) if Capability.TEKKEN in profile.offers else JOINTS

    def probes(drawn: tuple[Probe, tuple[str, ...]]) -> tuple[Probe, ...]:
        probe, texts = drawn
        one = deterministic(probe)
        return (
            with_last_question(one, tuple(map(Text, texts))),
            *(with_last_question(one, joint.join(texts)) for joint in joints),
        )

    return requests.parted(profile).map(probes)


@check(
    "properties.text-part-equals-text",
    "A list of one text part MUST be equivalent to the plain text.",
    source="Mistral API specification and OpenAI API reference, message content",
    explores=text_and_part,
    needs=SEEDED,
    slow=True,
)
def text_part_equals_text(text: Exchange, part: Exchange) -> Findings:
    yield from differences(text, part)


def _with_prompt_tokens(reply: Reply, more: int) -> Reply:
    """Return *reply* with *more* prompt tokens."""
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "prompt_tokens", more))


@fault(
    breaks=text_part_equals_text,
    also=("properties", "usage", "multimodal", "languages", "conversation", "context"),
)
def part_costs_a_token(reply: Reply) -> Reply:
    """A template adds a line break after every text part."""
    if not isinstance(last_user_content(reply.probe), tuple):
        return reply
    return _with_prompt_tokens(reply, 1)


@check(
    "properties.text-in-parts-equals-text",
    "A text in any number of parts MUST be equivalent to the joined text.",
    source="mistral-common: neighbouring texts are joined by a blank line; "
    "OpenAI API reference, message content",
    explores=parts_and_texts,
    needs=SEEDED,
    slow=True,
)
def text_in_parts_equals_text(parts: Exchange, *texts: Exchange) -> Findings:
    """Reports the differences to the text whose answer has the fewest."""
    found = [tuple(differences(text, parts)) for text in texts]
    yield from min(found, key=len)


@fault(
    breaks=text_in_parts_equals_text,
    also=("properties", "usage", "multimodal", "languages", "conversation", "context"),
)
def parts_told_apart(reply: Reply) -> Reply:
    """A template inserts a control token between the texts of a message."""
    content = last_user_content(reply.probe)
    texts = [part for part in content if isinstance(part, Text)]
    if len(texts) < 2 or len(texts) < len(content):  # noqa: PLR2004  # one text, or other parts
        return reply

    return _with_prompt_tokens(reply, len(texts) - 1)
