"""Prompts of an exact length: common words fill them up to the last token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.model.chat import (
    FILL,
    Fill,
    Message,
    Options,
    Probe,
    Text,
)
from contract.model.exchange import Exchange
from contract.model.probes import FILLED_PROMPT
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.tokens import counting

OK = 200
ADDED = 500  # words between the two yardsticks
_WORDS = 20


class Unsizable(Exception):  # noqa: N818  # a state of affairs, not an error
    """Raised when no prompt of the wanted length can be made; the words say why."""


def _calibration_request(name: str, words: int) -> Probe:
    return Probe(
        name=name,
        messages=(
            Message("user", FILLED_PROMPT.replace(FILL, counting.filler(words))),
        ),
        options=Options(max_tokens=1, temperature=0.0),
    )


# What a provider charges for these tells how it counts, where no tokenizer does.
CALIBRATION_REQUESTS = (
    _calibration_request("yardstick-short", _WORDS),
    _calibration_request("yardstick-long", _WORDS + ADDED),
)


def needs_calibration(probe: Probe, profile: Profile) -> bool:
    """Whether the length of *probe* can only be found by asking the provider."""
    return probe.fill is not None and Capability.EXACT_TOKENS not in profile.offers


def template_overhead(short: Exchange, long: Exchange) -> int:
    """
    How many tokens a provider charges beside those that Tekken v13 counts.

    They are its template's own (a default system prompt, a settings block). Raises
    `Unsizable` where the words of a filler are not one token each.
    """
    told = [
        exchange.count("prompt_tokens") if exchange.status == OK else None
        for exchange in (short, long)
    ]
    if told[0] is None or told[1] is None:
        raise Unsizable("prompts cannot be sized: the usage does not tell their tokens")
    if told[1] - told[0] != ADDED:
        raise Unsizable(
            f"prompts cannot be sized: {ADDED} more words cost {told[1] - told[0]} "
            "more prompt_tokens"
        )
    return told[0] - counting.prompt(short.profile.dialect.prepare(short.probe))


def counting_method(profile: Profile, more: int) -> str:
    """How prompts were sized, in words for a report."""
    if Capability.EXACT_TOKENS in profile.offers:
        return "prompts of a given length are counted by Tekken v13"
    return (
        f"prompts of a given length are counted by calibration: {ADDED} words cost "
        f"{ADDED} prompt_tokens, and the prompt {more:+} beside Tekken v13's count"
    )


def padded(probe: Probe, profile: Profile, more: int = 0) -> Probe:
    """
    *probe* with its `fill` carried out, as *profile*'s provider counts.

    *more* is its `surplus`. Words are shared out evenly over the places. Raises
    `Unsizable` when the prompt is longer than wanted without a single word.
    """
    if probe.fill is None:
        return probe
    wanted = probe.fill.size(profile.context_window)
    places = sum(text.count(FILL) for text in _texts(probe))
    # A word in each place, then more of them: each is one token, whatever follows.
    least = _filled(probe, (1,) * places)
    words = wanted - counting.prompt(profile.dialect.prepare(least)) - more + places
    if not places or words < places:
        raise Unsizable(
            f"the request {probe.name} does not fit into a prompt of {wanted} tokens"
        )
    share, rest = divmod(words, places)
    whole = _filled(probe, tuple(share + (place < rest) for place in range(places)))
    if probe.fill.room is None:
        return whole
    asked = profile.context_window - wanted + probe.fill.room
    return replace(whole, options=replace(whole.options, max_tokens=asked))


def _texts(probe: Probe) -> Iterator[str]:
    for message in probe.messages:
        yield message.text


def _filled(probe: Probe, words: tuple[int, ...]) -> Probe:
    left = iter(words)

    def text(value: str) -> str:
        first, *rest = value.split(FILL)
        return first + "".join(counting.filler(next(left)) + part for part in rest)

    def message(given: Message) -> Message:
        if given.content is None or isinstance(given.content, str):
            content = None if given.content is None else text(given.content)
            return replace(given, content=content)
        parts = tuple(
            Text(text(part.text)) if isinstance(part, Text) else part
            for part in given.content
        )
        return replace(given, content=parts)

    return replace(
        probe, messages=tuple(message(one) for one in probe.messages), fill=None
    )


def exceeds_window(probe: Probe, profile: Profile) -> bool:
    """Whether a fixed length and max_tokens are more than the window of *profile*."""
    if probe.fill is None or probe.fill.of_window:
        return False
    asked = 1 if probe.fill.room is not None else probe.options.max_tokens or 1
    return probe.fill.tokens + asked > profile.context_window


def target_length(exchange: Exchange) -> int:
    """How many tokens the prompt of a filled probe was made to have."""
    fill = exchange.probe.fill or Fill(0)
    return fill.size(exchange.profile.context_window)
