"""Prompt character checks: no character is dropped, replaced or normalised."""

from __future__ import annotations

import re
import unicodedata

from contract.checks.combined import sentences
from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import EVERY_TEXT
from contract.checks.faults.usage import misread_texts, misreport_prompt
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    TEKKEN,
    expect_unaltered,
    one_token_request,
    token_difference,
)
from contract.checks.judging.usage import usage_location
from contract.checks.sources import MISTRAL_TOKENS
from contract.model.check import Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply

RIGHT_TO_LEFT = one_token_request("right-to-left", sentences.RIGHT_TO_LEFT)
EMOJI = one_token_request("emoji", sentences.EMOJI)
ASTRAL = one_token_request("astral-characters", sentences.ASTRAL)
MIXED = one_token_request("mixed-scripts", sentences.MIXED)
INVISIBLE = one_token_request("invisible-characters", sentences.INVISIBLE)
COMPOSED = one_token_request("composed", sentences.COMPOSED)
DECOMPOSED = one_token_request("decomposed", sentences.DECOMPOSED)


@check(
    "languages.right-to-left-is-kept",
    "Right-to-left text MUST keep its vowel and direction marks.",
    source=MISTRAL_TOKENS,
    sends=(PLAIN, RIGHT_TO_LEFT),
    needs=TEKKEN,
    combined=exact_prompts(EVERY_TEXT),
)
def right_to_left_is_kept(base: Exchange, *exchanges: Exchange) -> Findings:
    yield from expect_unaltered(base, exchanges)


@fault(breaks=right_to_left_is_kept)
def direction_marks_stripped(reply: Reply) -> Reply:
    """A filter against Trojan Source attacks removes every direction mark."""
    marks = "[\u200e\u200f\u202a-\u202e\u2066-\u2069]"
    return misreport_prompt(reply, misread_texts(lambda text: re.sub(marks, "", text)))


@check(
    "languages.emoji-are-kept",
    "An emoji of several code points MUST keep its joiners, skin tones and selectors.",
    source=MISTRAL_TOKENS,
    sends=(PLAIN, EMOJI),
    needs=TEKKEN,
    combined=exact_prompts(EVERY_TEXT),
)
def emoji_are_kept(base: Exchange, *exchanges: Exchange) -> Findings:
    yield from expect_unaltered(base, exchanges)


@fault(breaks=emoji_are_kept)
def joiners_stripped(reply: Reply) -> Reply:
    """An input filter removes U+200D, which splits a family emoji into its members."""
    return misreport_prompt(
        reply, misread_texts(lambda text: text.replace("\u200d", ""))
    )


@check(
    "languages.astral-characters-are-kept",
    "Characters beyond U+FFFF MUST reach the model unchanged.",
    source="RFC 8259 7 and 8.1",
    sends=(PLAIN, ASTRAL),
    needs=TEKKEN,
    combined=exact_prompts(EVERY_TEXT),
)
def astral_characters_are_kept(base: Exchange, *exchanges: Exchange) -> Findings:
    yield from expect_unaltered(base, exchanges)


@fault(
    breaks=astral_characters_are_kept,
    also=(
        "languages.emoji-are-kept",
        "usage.exact-prompt-tokens",
        "usage.agrees-with-input-tokens",
    ),
)
def astral_replaced(reply: Reply) -> Reply:
    """The prompt passes through a database limited to three-byte UTF-8 (utf8mb3)."""
    return misreport_prompt(
        reply, misread_texts(lambda t: re.sub("[\U00010000-\U0010ffff]", "?", t))
    )


@check(
    "languages.mixed-scripts-are-kept",
    "Letters MUST NOT be replaced with look-alike or equivalent ones.",
    source=MISTRAL_TOKENS,
    sends=(PLAIN, MIXED),
    needs=TEKKEN,
    combined=exact_prompts(EVERY_TEXT),
)
def mixed_scripts_are_kept(base: Exchange, *exchanges: Exchange) -> Findings:
    yield from expect_unaltered(base, exchanges)


@fault(
    breaks=mixed_scripts_are_kept,
    also=("languages",),
)
def compatibility_forms_folded(reply: Reply) -> Reply:
    """A look-alike filter folds compatibility forms in texts with Latin letters."""

    def folded(text: str) -> str:
        has_latin = re.search("[a-z]", text)
        return unicodedata.normalize("NFKC", text) if has_latin else text

    return misreport_prompt(reply, misread_texts(folded))


@check(
    "languages.invisible-characters-are-kept",
    "Invisible characters, such as U+200B or U+2028, MUST NOT be removed.",
    source=MISTRAL_TOKENS,
    sends=(PLAIN, INVISIBLE),
    needs=TEKKEN,
    combined=exact_prompts(EVERY_TEXT),
)
def invisible_characters_are_kept(base: Exchange, *exchanges: Exchange) -> Findings:
    yield from expect_unaltered(base, exchanges)


@fault(breaks=invisible_characters_are_kept)
def line_separators_stripped(reply: Reply) -> Reply:
    """A sanitiser removes U+2028 and U+2029, which old JavaScript read as line ends."""
    return misreport_prompt(
        reply, misread_texts(lambda text: re.sub("[\u2028\u2029\ufeff]", "", text))
    )


@check(
    "languages.normal-forms-stay-apart",
    "Composed and decomposed characters MUST NOT be read as the same.",
    source="https://unicode.org/reports/tr15/",
    sends=(COMPOSED, DECOMPOSED),
    combined=exact_prompts(EVERY_TEXT),
)
def normal_forms_stay_apart(composed: Exchange, decomposed: Exchange) -> Findings:
    """Tekken does not normalise; any byte-level vocabulary tells the forms apart."""
    reported, exact = token_difference(decomposed, composed)
    if Capability.TEKKEN in composed.profile.offers:
        wrong = reported != exact
        expected = f"{exact} more prompt_tokens when decomposed"
    else:
        wrong, expected = not reported, "different prompt_tokens when decomposed"
    if wrong:
        yield Finding(
            "the text was normalised",
            expected=expected,
            actual=f"{reported} more",
            at=usage_location(decomposed),
        )


@fault(breaks=normal_forms_stay_apart, also=("languages", "conversation"))
def composed_on_arrival(reply: Reply) -> Reply:
    """A gateway normalises every text to NFC."""
    return misreport_prompt(
        reply, misread_texts(lambda text: unicodedata.normalize("NFC", text))
    )
