"""That two ways to say the same are answered the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from contract.chat import Json, Message, Part, Probe, Text
from contract.checks.base import Finding, Findings, check, fault, shorten
from contract.exchange import Exchange
from contract.profile import Capability, Profile
from contract.reply import JSON_TYPE, Reply
from contract.retell import count, retell
from contract.strategies import requests

SEEDED = frozenset({Capability.SEED})
MANY_TURNS = 3  # messages
MORE = " And then some more."
_ALIKE = ("prompt_tokens", "completion_tokens")


def _certain(probe: Probe) -> Probe:
    """*probe* without chance, so that there is one right answer."""
    return replace(probe, options=replace(probe.options, temperature=0.0, seed=7))


def _last(probe: Probe, content: str | tuple[Part, ...]) -> Probe:
    last = replace(probe.messages[-1], content=content)
    return replace(probe, messages=(*probe.messages[:-1], last))


def _said(message: Message) -> str:
    return message.text or "Hello."


def whole_and_streamed(profile: Profile) -> Any:  # a strategy
    """The same certain request twice, once as a stream."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = replace(_certain(probe), stream=False)
        return (one, replace(one, stream=True))

    return requests.valid(profile).map(pair)


def text_and_part(profile: Profile) -> Any:  # a strategy
    """The last question as plain text, and as a list of one text part."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = _certain(probe)
        text = _said(one.messages[-1])
        return (_last(one, text), _last(one, (Text(text),)))

    return requests.valid(profile).map(pair)


def short_and_long(profile: Profile) -> Any:  # a strategy
    """The same conversation, and one whose last question goes on a little."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        text = _said(probe.messages[-1])
        return (_last(probe, text), _last(probe, text + MORE))

    return requests.valid(profile).map(pair)


def plain_and_odd(profile: Profile) -> Any:  # a strategy
    """The same JSON twice: as usual; and backwards, spaced out, in ASCII."""

    def pair(probe: Probe) -> tuple[Probe, ...]:
        one = _certain(probe)
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


def _differences(one: Exchange, other: Exchange, *, counts: bool = True) -> Findings:
    """What the answers to two equal requests do not have in common."""
    pairs: list[tuple[str, object, object]] = [
        ("reasoning", one.reasoning, other.reasoning),
        ("answer", one.answer, other.answer),
        ("finish reason", one.finish, other.finish),
    ]
    if counts:
        pairs += [(name, one.count(name), other.count(name)) for name in _ALIKE]
    for name, expected, actual in pairs:
        if expected != actual:
            yield Finding(f"the {name} is another", shorten(expected), shorten(actual))


@check(
    "properties.streamed-equals-whole",
    "A stream MUST say what the whole response to the same request says.",
    source="OpenAI API reference, streaming: the chunks add up to the completion",
    explores=whole_and_streamed,
    needs={Capability.STREAMING, Capability.STREAM_USAGE, *SEEDED},
    slow=True,
)
def streamed_equals_whole(whole: Exchange, streamed: Exchange) -> Findings:
    yield from _differences(whole, streamed)


@fault(
    breaks=streamed_equals_whole,
    also=("properties", "conversation", "multimodal", "languages", "context", "tools"),
)
def long_talk_cut_short(reply: Reply) -> Reply:
    """A stream of a longer conversation is closed one word early."""
    probe = reply.probe
    if probe is None or not reply.streamed or len(probe.messages) < MANY_TURNS:
        return reply
    return retell(reply, lambda pieces: pieces[:-1])


@check(
    "properties.text-part-equals-text",
    "A list of one text part MUST mean the same as the text alone.",
    source="Mistral API specification and OpenAI API reference, message content",
    explores=text_and_part,
    needs=SEEDED,
    slow=True,
)
def text_part_equals_text(text: Exchange, part: Exchange) -> Findings:
    yield from _differences(text, part)


@fault(
    breaks=text_part_equals_text,
    also=("properties", "usage", "multimodal", "languages", "conversation", "context"),
)
def part_costs_a_token(reply: Reply) -> Reply:
    """A template puts a line end behind every text part."""
    probe = reply.probe
    if probe is None or not probe.messages:
        return reply
    if not isinstance(probe.messages[-1].content, tuple):
        return reply
    return count(reply, _one_more)


def _one_more(usage: dict[str, Json]) -> None:
    for name in ("prompt_tokens", "total_tokens"):
        value = usage.get(name)
        if isinstance(value, int):
            usage[name] = value + 1


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
        return  # streams of some providers tell no usage; other checks see to that
    if after <= before:
        yield Finding("more text is not more tokens", f"more than {before}", f"{after}")


@fault(breaks=more_text_is_more_tokens, also=("properties",))
def newest_words_uncounted(reply: Reply) -> Reply:
    """A prefix cache counts what it knew and forgets what came last."""
    probe = reply.probe
    if (
        probe is None
        or not probe.messages
        or not probe.messages[-1].text.endswith(MORE)
    ):
        return reply

    def less(usage: dict[str, Json]) -> None:
        usage["prompt_tokens"] = 1

    return count(reply, less)


@check(
    "properties.spelling-of-json-does-not-matter",
    "The order of members, white space and escapes in JSON MUST NOT matter.",
    source="RFC 8259, sections 2, 4 and 7",
    explores=plain_and_odd,
    needs=SEEDED,
    slow=True,
)
def spelling_of_json_does_not_matter(plain: Exchange, odd: Exchange) -> Findings:
    yield from _differences(plain, odd)


@fault(breaks=spelling_of_json_does_not_matter, also=("properties",))
def white_space_refused(reply: Reply) -> Reply:
    """A gateway looks for the first member right behind the first brace."""
    if not reply.request.body.startswith(b"{\n"):
        return reply
    refused = reply.with_status(400).with_header(*JSON_TYPE)
    return refused.with_json({"detail": "expected a member name"})
