"""Prompts of an exact length in tokens, padded with common words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from contract.model.chat import Message, Options, Text
from contract.model.check import shorten
from contract.model.exchange import Exchange
from contract.model.probe import FILL, Fill, Probe
from contract.model.probes import FILLED_PROMPT
from contract.model.profile import Capability, Profile
from contract.tokens import counting

CALIBRATION_WORDS = 500  # difference in words between the two calibration requests
_WORDS = 20  # words of the shorter one
# Tokens by which a template may differ from Tekken's: default system prompts have some
# hundreds. A prompt is as much longer or shorter, so it is a size in memory.
MOST_OVERHEAD = 100_000


class CannotPad(Exception):  # noqa: N818  # a state of affairs, not an error
    """
    Raised when no prompt of the requested length can be made.

    The message is the reason that reports give: a clause without a full stop.
    """


def _calibration_request(name: str, words: int) -> Probe:
    return Probe(
        name=name,
        messages=(
            Message("user", FILLED_PROMPT.replace(FILL, counting.filler(words))),
        ),
        options=Options(max_tokens=1, temperature=0.0),
    )


# Their prompt_tokens calibrate the count for servers with another template.
CALIBRATION_REQUESTS = (
    _calibration_request("yardstick-short", _WORDS),
    _calibration_request("yardstick-long", _WORDS + CALIBRATION_WORDS),
)


def needs_calibration(probe: Probe, profile: Profile) -> bool:
    """Return whether padding *probe* requires the calibration requests."""
    return probe.fill is not None and Capability.EXACT_TOKENS not in profile.offers


def template_overhead(short: Exchange, long: Exchange) -> int:
    """
    Return the prompt tokens that a server reports beyond the count of Tekken v13.

    They belong to its template (a default system prompt, a settings block). *short*
    and *long* are the exchanges of `CALIBRATION_REQUESTS`. Raises `Unsizable` when
    they have no usage or when the words of a filler are not one token each.
    """
    counts = [
        exchange.count("prompt_tokens") if exchange.status == HTTPStatus.OK else None
        for exchange in (short, long)
    ]
    if counts[0] is None or counts[1] is None:
        raise CannotPad("prompts cannot be sized: the usage has no prompt_tokens")
    if counts[1] - counts[0] != CALIBRATION_WORDS:
        raise CannotPad(
            f"prompts cannot be sized: {CALIBRATION_WORDS} more words cost "
            f"{counts[1] - counts[0]} more prompt_tokens"
        )
    overhead = counts[0] - counting.prompt(short.profile.dialect.prepare(short.probe))
    if abs(overhead) > MOST_OVERHEAD:
        raise CannotPad(
            f"prompts cannot be sized: the usage has {shorten(counts[0], 30)} "
            f"prompt_tokens for a prompt of some {_WORDS} words"
        )
    return overhead


def counting_method(profile: Profile, more: int) -> str:
    """
    Return the way in which prompts are sized, as a clause for a report.

    *more* is the template overhead in tokens.
    """
    if Capability.EXACT_TOKENS in profile.offers:
        return "prompts of a given length are counted by Tekken v13"
    return (
        "prompts of a given length are counted by calibration: "
        f"{CALIBRATION_WORDS} words cost {CALIBRATION_WORDS} prompt_tokens, and the "
        f"template {more:+} to the count of Tekken v13"
    )


def padded(probe: Probe, profile: Profile, more: int = 0) -> Probe:
    """
    Return *probe* padded to the length of its `fill`, as its server counts.

    *profile* gives the context window and the template, and *more* is the template
    overhead in tokens. Filler words are distributed evenly over the placeholders.
    Raises `Unsizable` when the prompt has no placeholder, or is too long with one
    word in each.
    """
    if probe.fill is None:
        return probe
    length = probe.fill.size(profile.context_window)
    places = sum(text.count(FILL) for text in _texts(probe))
    # One word in each place, then more of them: each is one token, whatever follows.
    shortest = _filled(probe, (1,) * places)
    words = length - counting.prompt(profile.dialect.prepare(shortest)) - more + places
    if not places or words < places:
        raise CannotPad(
            f"the request {probe.name} does not fit into a prompt of {length} tokens"
        )
    share, rest = divmod(words, places)
    whole = _filled(probe, tuple(share + (place < rest) for place in range(places)))
    if probe.fill.room is None:
        return whole
    max_tokens = profile.context_window - length + probe.fill.room
    return replace(whole, options=replace(whole.options, max_tokens=max_tokens))


def _texts(probe: Probe) -> Iterator[str]:
    for message in probe.messages:
        yield message.text


def _filled(probe: Probe, words: tuple[int, ...]) -> Probe:
    remaining = iter(words)

    def text(value: str) -> str:
        first, *rest = value.split(FILL)
        return first + "".join(counting.filler(next(remaining)) + part for part in rest)

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
    """Return whether a fixed length with max_tokens exceeds the context window."""
    if probe.fill is None or probe.fill.of_window:
        return False
    budget = 1 if probe.fill.room is not None else probe.options.max_tokens or 1
    return probe.fill.tokens + budget > profile.context_window


def target_length(exchange: Exchange) -> int:
    """Return the length in tokens to which the prompt of a probe was padded."""
    fill = exchange.probe.fill or Fill(0)
    return fill.size(exchange.profile.context_window)
