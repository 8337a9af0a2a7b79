"""That a text means the same as a whole, as a part, and in many parts."""

from __future__ import annotations

from typing import Any

from contract.checks.properties.comparing import (
    SEEDED,
    asked,
    certain,
    differences,
    more_tokens,
    question,
    reworded,
)
from contract.model.chat import (
    Json,
    Probe,
    Text,
)
from contract.model.check import (
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.strategies import requests

# mistral-common puts a blank line between neighbouring texts. The templates of other
# engines put a line end there, or nothing.
BLANK_LINE = "\n\n"
JOINTS = ("", "\n", BLANK_LINE)


def text_and_part(profile: Profile) -> Any:  # a strategy
    """The last question as plain text, and as a list of one text part."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = certain(probe)
        text = question(one)
        return (reworded(one, text), reworded(one, (Text(text),)))

    return requests.valid(profile).map(pair)


def parts_and_texts(profile: Profile) -> Any:  # a strategy
    """
    The last question in two parts or more, and as each text they may make.

    Which text that is, is up to the template; where Tekken's counts hold it is known.
    """
    joints = (BLANK_LINE,) if Capability.TEKKEN in profile.offers else JOINTS

    def several(drawn: tuple[Probe, tuple[str, ...]]) -> tuple[Probe, ...]:
        probe, texts = drawn
        one = certain(probe)
        return (
            reworded(one, tuple(map(Text, texts))),
            *(reworded(one, joint.join(texts)) for joint in joints),
        )

    return requests.parted(profile).map(several)


@check(
    "properties.text-part-equals-text",
    "A list of one text part MUST mean the same as the text alone.",
    source="Mistral API specification and OpenAI API reference, message content",
    explores=text_and_part,
    needs=SEEDED,
    slow=True,
)
def text_part_equals_text(text: Exchange, part: Exchange) -> Findings:
    yield from differences(text, part)


@fault(
    breaks=text_part_equals_text,
    also=("properties", "usage", "multimodal", "languages", "conversation", "context"),
)
def part_costs_a_token(reply: Reply) -> Reply:
    """A template puts a line end behind every text part."""
    if not isinstance(asked(reply.probe), tuple):
        return reply
    return rewrite_usage(reply, _one_more)


def _one_more(usage: dict[str, Json]) -> None:
    more_tokens(usage, 1)


@check(
    "properties.text-in-parts-equals-text",
    "A text in any number of parts MUST mean the same as the text they make.",
    source="mistral-common: neighbouring texts are joined by a blank line; "
    "OpenAI API reference, message content",
    explores=parts_and_texts,
    needs=SEEDED,
    slow=True,
)
def text_in_parts_equals_text(parts: Exchange, *texts: Exchange) -> Findings:
    """The nearest text is told: the one whose answer has the fewest differences."""
    told = [tuple(differences(text, parts)) for text in texts]
    yield from min(told, key=len)


@fault(
    breaks=text_in_parts_equals_text,
    also=("properties", "usage", "multimodal", "languages", "conversation", "context"),
)
def parts_told_apart(reply: Reply) -> Reply:
    """A template writes a control token between the texts of a message."""
    content = asked(reply.probe)
    texts = [part for part in content if isinstance(part, Text)]
    if len(texts) < 2 or len(texts) < len(content):  # noqa: PLR2004  # none between
        return reply

    def more(usage: dict[str, Json]) -> None:
        more_tokens(usage, len(texts) - 1)

    return rewrite_usage(reply, more)
