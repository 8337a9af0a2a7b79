"""Checks that documented parameter values are accepted, bounds included."""

from __future__ import annotations

from contract.checks.combined.requests import CAPPED_WITH_NULLS
from contract.checks.faults.rejection import reject, request_body
from contract.checks.judging.answered import expect_answers
from contract.checks.sources import MISTRAL_CHAT, MODEL_CARD, OPENAI_CHAT
from contract.model.chat import Options
from contract.model.check import Combined, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import user
from contract.model.profile import Profile
from contract.model.reply import Reply

BOTH_REFERENCES = f"{MISTRAL_CHAT}; {OPENAI_CHAT}"
HIGHEST_TEMPERATURE = 2.0  # the documented maximum of OpenAI's API


def _sampled(name: str, options: Options, patches: tuple[Patch, ...] = ()) -> Probe:
    """Return a short request called *name* with these *options*, after *patches*."""
    messages = (user("Say hello."),)
    return Probe(
        name=name, messages=messages, options=options, patches=patches, reasons=False
    )


_LOWEST = _sampled(
    "lowest-values",
    Options(
        max_tokens=4,
        temperature=0.0,
        # A greedy answer with a smaller top_p is refused by some servers.
        top_p=1.0,
        presence_penalty=-2.0,
        frequency_penalty=-2.0,
    ),
)


def _highest(temperature: float) -> Probe:
    return _sampled(
        f"highest-values-at-{temperature:g}",
        Options(
            max_tokens=4,
            temperature=temperature,
            top_p=0.01,
            presence_penalty=2.0,
            frequency_penalty=2.0,
        ),
    )


def _takes_2(profile: Profile) -> bool:
    return "temperature-at-most-1.5" not in profile.tolerates


def _answered(*exchanges: Exchange) -> Findings:
    yield from expect_answers(*exchanges)


# What refuses a temperature of 1.5 refuses one of 2 as well.
EXTREMES = (
    Combined(
        sends=(_LOWEST, _highest(HIGHEST_TEMPERATURE)),
        judge=_answered,
        where=_takes_2,
    ),
    Combined(sends=(_LOWEST, _highest(1.5)), judge=_answered),
)


@check(
    "sampling.temperature-bounds-are-taken",
    "Temperatures of 0 and 1.5 MUST be accepted.",
    source=BOTH_REFERENCES,
    sends=(
        _sampled("temperature-0", Options(max_tokens=4, temperature=0.0)),
        _sampled("temperature-1.5", Options(max_tokens=4, temperature=1.5)),
    ),
    combined=EXTREMES,
)
def temperature_bounds_are_taken(*exchanges: Exchange) -> Findings:
    """Mistral's maximum is 1.5 (its error glossary states 1), OpenAI's is 2."""
    yield from expect_answers(*exchanges)


@fault(
    breaks=temperature_bounds_are_taken, also=("sampling.temperature-of-2-is-taken",)
)
def temperature_above_1_refused(reply: Reply) -> Reply:
    """The temperature is limited to the range 0 to 1, as in some other APIs."""
    value = request_body(reply).get("temperature")
    if not isinstance(value, int | float) or value <= 1:
        return reply
    return reject(reply, "/temperature", value, "temperature must be between 0 and 1")


@check(
    "sampling.temperature-of-2-is-taken",
    "A temperature of 2 MUST be accepted.",
    source=OPENAI_CHAT,
    sends=_sampled("temperature-2", Options(max_tokens=4, temperature=2.0)),
    unless="temperature-at-most-1.5",
    combined=EXTREMES[0],
)
def temperature_of_2_is_taken(exchange: Exchange) -> Findings:
    yield from expect_answers(exchange)


@fault(breaks=temperature_of_2_is_taken)
def temperature_bound_excluded(reply: Reply) -> Reply:
    """The upper bound of the temperature, 2, is treated as exclusive."""
    value = request_body(reply).get("temperature")
    if value != HIGHEST_TEMPERATURE:
        return reply
    return reject(reply, "/temperature", value, "temperature must be less than 2")


@check(
    "sampling.top-p-bounds-are-taken",
    "A top_p of 1 and a small top_p MUST be accepted.",
    source=BOTH_REFERENCES,
    sends=(
        _sampled("top-p-1", Options(max_tokens=4, top_p=1.0)),
        _sampled("top-p-small", Options(max_tokens=4, top_p=0.01)),
    ),
    combined=EXTREMES,
)
def top_p_bounds_are_taken(*exchanges: Exchange) -> Findings:
    """The documents disagree on whether 0 is allowed, so it is not sent."""
    yield from expect_answers(*exchanges)


@fault(breaks=top_p_bounds_are_taken)
def top_p_bound_excluded(reply: Reply) -> Reply:
    """The upper bound of top_p, 1, is treated as exclusive."""
    value = request_body(reply).get("top_p")
    return (
        reject(reply, "/top_p", value, "top_p must be less than 1")
        if value == 1
        else reply
    )


@check(
    "sampling.penalty-bounds-are-taken",
    "Presence and frequency penalties of -2 and 2 MUST be accepted.",
    source=BOTH_REFERENCES,
    sends=(
        _sampled(
            "penalties-lowest",
            Options(max_tokens=4, presence_penalty=-2.0, frequency_penalty=-2.0),
        ),
        _sampled(
            "penalties-highest",
            Options(max_tokens=4, presence_penalty=2.0, frequency_penalty=2.0),
        ),
    ),
    combined=EXTREMES,
)
def penalty_bounds_are_taken(*exchanges: Exchange) -> Findings:
    yield from expect_answers(*exchanges)


@fault(breaks=penalty_bounds_are_taken)
def negative_penalty_refused(reply: Reply) -> Reply:
    """Penalties are validated as non-negative numbers."""
    value = request_body(reply).get("presence_penalty")
    if not isinstance(value, int | float) or value >= 0:
        return reply
    return reject(reply, "/presence_penalty", value, "a penalty must not be negative")


@check(
    "sampling.recommended-values-are-taken",
    "The values that the model card recommends SHOULD be accepted together.",
    source=f"{MODEL_CARD}: temperature 0.7, top_p 0.95, max_tokens 40960 or more",
    sends=_sampled(
        "recommended-values", Options(max_tokens=40_960, temperature=0.7, top_p=0.95)
    ),
)
def recommended_values_are_taken(exchange: Exchange) -> Findings:
    """
    The completion budget for long reasoning is part of the recommendation.

    The cards of 1.0 and 1.1 recommend 40,960 tokens. That of 1.2 recommends the whole
    window of 131,072, which leaves no tokens for the prompt on servers where both must
    fit; `context.takes-the-window-as-room` sends it.
    """
    yield from expect_answers(exchange)


@fault(
    breaks=recommended_values_are_taken,
    also=(
        "reasoning.card-prompt-is-followed",
        "languages.thinks-in-the-language",
        "languages.answers-in-the-language",
    ),
)
def one_sampler_only(reply: Reply) -> Reply:
    """Temperature and top_p are mutually exclusive, as in some other APIs."""
    body = request_body(reply)
    value = body.get("top_p")
    if value is None or body.get("temperature") is None:
        return reply
    return reject(reply, "/top_p", value, "give either temperature or top_p")


@check(
    "sampling.null-means-not-sent",
    "A temperature or n of null MUST be treated as not sent.",
    source=f"{BOTH_REFERENCES}: nullable",
    sends=_sampled(
        "sampling-nulls",
        Options(max_tokens=4),
        (
            Patch("temperature-null", "/temperature", "null"),
            Patch("n-null", "/n", "null"),
        ),
    ),
    combined=CAPPED_WITH_NULLS,
)
def null_means_not_sent(exchange: Exchange) -> Findings:
    """Clients with typed requests send null for unset parameters."""
    yield from expect_answers(exchange)


@fault(breaks=null_means_not_sent)
def null_refused(reply: Reply) -> Reply:
    """The validator allows omitted members but not null."""
    body = request_body(reply)
    if "temperature" not in body or body["temperature"] is not None:
        return reply
    return reject(reply, "/temperature", None, "temperature must be a number")
