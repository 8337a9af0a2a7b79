"""Properties of pairs: whole and streamed, short and long, plain and unusual JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from contract.checks.properties.comparing import (
    SEEDED,
    deterministic,
    differences,
    last_question,
    last_user_content,
    with_last_question,
    without_prefix,
)
from contract.model.chat import Json
from contract.model.check import Finding, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability, Profile
from contract.model.reply import JSON_TYPE, Reply
from contract.model.rewrite import rewrite_pieces, rewrite_usage
from contract.strategies import requests

MANY_TURNS = 3  # messages
MORE = " And then some more."


def whole_and_streamed(profile: Profile) -> Any:  # a strategy
    """Return a strategy for a deterministic request, whole and streamed."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = replace(deterministic(without_prefix(probe)), stream=False)
        return (one, replace(one, stream=True))

    return requests.valid(profile).map(pair)


def short_and_long(profile: Profile) -> Any:  # a strategy
    """Return a strategy for a conversation, and one with a longer last question."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        text = last_question(probe)
        return (with_last_question(probe, text), with_last_question(probe, text + MORE))

    return requests.valid(profile).map(pair)


def plain_and_odd(profile: Profile) -> Any:  # a strategy
    """Return a strategy for a request as usual, and reordered, indented, in ASCII."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = deterministic(probe)
        dialect = profile.dialect
        body = dialect.request(dialect.prepare(one), "{model}")
        return (one, replace(one, name="drawn-odd", body=_unusual_json(body)))

    return requests.valid(profile).map(pair)


def _unusual_json(body: dict[str, Json]) -> bytes:
    """
    Return *body* with its members in reverse order, indented and in ASCII.

    Members of schemas keep their order, because a prompt may quote them.
    """
    result = dict(reversed(body.items()))
    messages = result.get("messages")
    result["messages"] = [
        dict(reversed(message.items())) if isinstance(message, dict) else message
        for message in (messages if isinstance(messages, list) else ())
    ]
    return json.dumps(result, indent=2, ensure_ascii=True).encode()


@check(
    "properties.streamed-equals-whole",
    "A stream MUST be equivalent to the whole response to the same request.",
    source="OpenAI API reference, streaming: the chunks add up to the completion",
    explores=whole_and_streamed,
    needs={Capability.STREAMING, Capability.STREAM_USAGE, *SEEDED},
    slow=True,
)
def streamed_equals_whole(whole: Exchange, streamed: Exchange) -> Findings:
    yield from differences(whole, streamed)


@fault(
    breaks=streamed_equals_whole,
    also=("properties", "conversation", "multimodal", "languages", "context", "tools"),
)
def long_talk_cut_short(reply: Reply) -> Reply:
    """A stream in a longer conversation ends one word early."""
    probe = reply.probe
    if probe is None or not reply.streamed or len(probe.messages) < MANY_TURNS:
        return reply
    return rewrite_pieces(reply, lambda pieces: pieces[:-1])


@check(
    "properties.more-text-is-more-tokens",
    "A longer prompt MUST have more prompt_tokens.",
    source="OpenAI API reference, usage: prompt_tokens count the prompt",
    explores=short_and_long,
    slow=True,
)
def more_text_is_more_tokens(short: Exchange, long: Exchange) -> Findings:
    before, after = short.count("prompt_tokens"), long.count("prompt_tokens")
    if before is None or after is None:
        raise NotApplicable("a reply has no prompt_tokens")
    if after <= before:
        yield Finding(
            "more text does not cost more tokens",
            f"prompt_tokens above {before}",
            f"prompt_tokens {after}",
        )


@fault(breaks=more_text_is_more_tokens, also=("properties",))
def newest_words_uncounted(reply: Reply) -> Reply:
    """The usage counts only the part of the prompt that the prefix cache had."""
    content = last_user_content(reply.probe)
    if not isinstance(content, str) or not content.endswith(MORE):
        return reply

    def change(usage: dict[str, Json]) -> None:
        usage["prompt_tokens"] = 1

    return rewrite_usage(reply, change)


@check(
    "properties.spelling-of-json-does-not-matter",
    "The order of members, white space and escapes in JSON MUST NOT affect the answer.",
    source="RFC 8259, sections 2, 4 and 7",
    explores=plain_and_odd,
    needs=SEEDED,
    slow=True,
)
def spelling_of_json_does_not_matter(plain: Exchange, odd: Exchange) -> Findings:
    yield from differences(plain, odd)


@fault(breaks=spelling_of_json_does_not_matter, also=("properties",))
def white_space_refused(reply: Reply) -> Reply:
    """A gateway expects the first member directly after the opening brace."""
    if not reply.request.body.startswith(b"{\n"):
        return reply
    rejected = reply.with_status(HTTPStatus.BAD_REQUEST).with_header(*JSON_TYPE)
    return rejected.with_json({"detail": "expected a member name"})
