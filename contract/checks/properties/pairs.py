"""That two ways to ask are answered the same: streamed, longer, spelled otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from contract.checks.properties.comparing import (
    SEEDED,
    asked,
    certain,
    differences,
    question,
    reworded,
    unbegun,
)
from contract.model.chat import (
    Json,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.model.reply import (
    JSON_TYPE,
    Reply,
)
from contract.model.rewrite import (
    rewrite_pieces,
    rewrite_usage,
)
from contract.strategies import requests

MANY_TURNS = 3  # messages
MORE = " And then some more."


def whole_and_streamed(profile: Profile) -> Any:  # a strategy
    """The same certain request twice, once as a stream."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = replace(certain(unbegun(probe)), stream=False)
        return (one, replace(one, stream=True))

    return requests.valid(profile).map(pair)


def short_and_long(profile: Profile) -> Any:  # a strategy
    """The same conversation, and one whose last question goes on a little."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        text = question(probe)
        return (reworded(probe, text), reworded(probe, text + MORE))

    return requests.valid(profile).map(pair)


def plain_and_odd(profile: Profile) -> Any:  # a strategy
    """The same JSON twice: as usual; and backwards, spaced out, in ASCII."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = certain(probe)
        dialect = profile.dialect
        spelled = dialect.request(dialect.prepare(one), "{model}")
        return (one, replace(one, name="drawn-odd", body=_odd(spelled)))

    return requests.valid(profile).map(pair)


def _odd(body: dict[str, Json]) -> bytes:
    """Members in reverse, but not those of schemas, which a prompt may quote."""
    turned = dict(reversed(body.items()))
    messages = turned.get("messages")
    turned["messages"] = [
        dict(reversed(one.items())) if isinstance(one, dict) else one
        for one in (messages if isinstance(messages, list) else ())
    ]
    return json.dumps(turned, indent=2, ensure_ascii=True).encode()


@check(
    "properties.streamed-equals-whole",
    "A stream MUST say what the whole response to the same request says.",
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
    """A stream of a longer conversation is closed one word early."""
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
        raise NotApplicable("no usage is told")
    if after <= before:
        yield Finding("more text is not more tokens", f"more than {before}", f"{after}")


@fault(breaks=more_text_is_more_tokens, also=("properties",))
def newest_words_uncounted(reply: Reply) -> Reply:
    """A prefix cache counts what it knew and forgets what came last."""
    said = asked(reply.probe)
    if not isinstance(said, str) or not said.endswith(MORE):
        return reply

    def less(usage: dict[str, Json]) -> None:
        usage["prompt_tokens"] = 1

    return rewrite_usage(reply, less)


@check(
    "properties.spelling-of-json-does-not-matter",
    "The order of members, white space and escapes in JSON MUST NOT matter.",
    source="RFC 8259, sections 2, 4 and 7",
    explores=plain_and_odd,
    needs=SEEDED,
    slow=True,
)
def spelling_of_json_does_not_matter(plain: Exchange, odd: Exchange) -> Findings:
    yield from differences(plain, odd)


@fault(breaks=spelling_of_json_does_not_matter, also=("properties",))
def white_space_refused(reply: Reply) -> Reply:
    """A gateway looks for the first member right behind the first brace."""
    if not reply.request.body.startswith(b"{\n"):
        return reply
    refused = reply.with_status(400).with_header(*JSON_TYPE)
    return refused.with_json({"detail": "expected a member name"})
