"""Checks that thought and answer are in the language of the question."""

from __future__ import annotations

from contract.checks.combined import card
from contract.checks.combined.sentences import QUESTIONS
from contract.checks.faults.texts import with_text
from contract.checks.judging.language import is_in, other_language
from contract.checks.sources import MODEL_CARD
from contract.model.chat import PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply

CARD = f"{MODEL_CARD}: system prompt, and 24 languages"
NEEDS = frozenset({Capability.FOLLOWS_INSTRUCTIONS, Capability.STREAMING})


def _question(number: int, language: str) -> Probe:
    """Return the recommended request with a question in *language*."""
    return Probe(
        name=f"question-in-{language.lower()}",
        messages=(card.SYSTEM, user(QUESTIONS[language])),
        options=card.SAMPLING,
        stream=number % 2 == 1,
    )


PROBES = tuple(_question(number, name) for number, name in enumerate(QUESTIONS))
LANGUAGES = dict(zip(QUESTIONS, PROBES, strict=True))


def _in_the_language(kind: PieceKind, *exchanges: Exchange) -> Findings:
    """Yield a finding for each text of *kind* that is clearly in another language."""
    judged = False
    for language, exchange in zip(QUESTIONS, exchanges, strict=True):
        text = exchange.text_of(kind)
        other = other_language(text, language)
        judged = judged or other is not None or is_in(text, language)
        if other is not None:
            yield Finding(
                f"the {kind.value} after a question in {language} is in {other}",
                expected=f"text in {language}",
                actual=shorten(spell(text)),
                at=f"request {exchange.probe.name}",
            )
    if not judged:
        raise NotApplicable(f"the language of no {kind.value} can be identified")


@check(
    "languages.thinks-in-the-language",
    "Reasoning SHOULD be in the language of the question.",
    source=CARD,
    sends=PROBES,
    needs=NEEDS | {Capability.REASONING},
)
def thinks_in_the_language(*exchanges: Exchange) -> Findings:
    """
    Asked in each language of the model card, by turns whole and streamed.

    A text in two languages, or too short, is not reported; Indonesian and Malay
    are taken for one.
    """
    yield from _in_the_language(PieceKind.REASONING, *exchanges)


@check(
    "languages.answers-in-the-language",
    "An answer SHOULD be in the language of the question.",
    source=CARD,
    sends=PROBES,
    needs=NEEDS,
)
def answers_in_the_language(*exchanges: Exchange) -> Findings:
    """By the same requests, and with the same caution: the model card recommends it."""
    yield from _in_the_language(PieceKind.ANSWER, *exchanges)


THOUGHT = (
    "Okay, the user wants to know why ice floats. I have to explain that it is less "
    "dense than the water under it, and that this is because of its structure."
)
ANSWER = (
    "Ice floats because it is less dense than the water under it. When the water "
    "freezes, it takes more room."
)
# What models that confuse two languages answer in.
NEIGHBOURS = {
    "Portuguese": (
        "El hielo flota porque es más ligero que el agua, y cuando el agua se congela "
        "ocupa más espacio. Por eso no se hunde en ella."
    ),
    "Ukrainian": (
        "Лёд плавает, потому что он легче, чем вода. Когда вода замерзает, она "
        "занимает больше места, и поэтому лёд не тонет."
    ),
    "Nepali": (
        "बर्फ तैरती है क्योंकि वह पानी से हल्की होती है। जब पानी जमता है तो वह अधिक जगह "
        "लेता है और इसलिए बर्फ नहीं डूबती।"
    ),
}


def _asked_in(reply: Reply) -> str | None:
    """Return the language of the question that *reply* answers; None for others."""
    asked = reply.probe.messages[-1].text if reply.probe is not None else ""
    return next((name for name, text in QUESTIONS.items() if text == asked), None)


# The request of `reasoning.card-prompt-is-followed` asks one of these questions.
ALSO = ("reasoning.card-prompt-is-followed",)


@fault(breaks=thinks_in_the_language, also=ALSO)
def thinks_in_english(reply: Reply) -> Reply:
    """A gateway's own system prompt is English, and so are all thoughts."""
    if _asked_in(reply) in {None, "English"}:
        return reply
    return with_text(reply, PieceKind.REASONING, THOUGHT)


@fault(breaks=thinks_in_the_language, also=ALSO)
def streams_think_in_english(reply: Reply) -> Reply:
    """The route for streams has another chat template, without the system prompt."""
    return thinks_in_english.apply(reply) if reply.streamed else reply


@fault(breaks=answers_in_the_language, also=ALSO)
def answers_in_english(reply: Reply) -> Reply:
    """The thought is translated and the answer is not."""
    if _asked_in(reply) in {None, "English"}:
        return reply
    return with_text(reply, PieceKind.ANSWER, ANSWER)


@fault(breaks=answers_in_the_language)
def answers_in_a_neighbouring_language(reply: Reply) -> Reply:
    """A damaged model confuses languages, such as Portuguese and Spanish."""
    text = NEIGHBOURS.get(_asked_in(reply) or "")
    return reply if text is None else with_text(reply, PieceKind.ANSWER, text)
