"""Requests with many images at once, whose cost shows that none was lost or altered."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.judging.prompt_tokens import PLAIN, TEKKEN, expect_unaltered
from contract.checks.judging.usage import STREAMED_USAGE
from contract.checks.multimodal.image_cost import (
    EXACT_COST,
    NO_IMAGE,
    QUESTION,
    ask,
    chat,
    expect_exact_cost,
    square,
)
from contract.model.chat import Image, Message, Options, Part, Text
from contract.model.check import Combined, Findings
from contract.model.exchange import Exchange
from contract.model.images import picture
from contract.model.probes import WEATHER
from contract.model.profile import Profile
from contract.tokens.patch_grid import LONGEST, PATCH

# As many as Mistral's vision guide allows. No tall image is among them: if width and
# height were swapped, it would cost as much less as the wide one costs more.
SIZES = ask(
    "images-of-all-sizes",
    QUESTION,
    square(1),
    *(square(side) for side in (PATCH - 1, PATCH, PATCH + 1)),
    picture(10 * PATCH, PATCH),
    picture(2 * LONGEST, 2 * PATCH),
    square(56),
    square(112),
)


def _answer(text: str) -> Message:
    return Message("assistant", text)


def _asked(*parts: Part) -> Message:
    return Message("user", parts)


# Before, between and after texts, in earlier turns and in the last; several in one
# message, a repeated one, and tall ones. The system message is a list, as Magistral's.
TURNS = replace(
    chat(
        "images-in-turns-with-tools",
        Message("system", (Text("You describe pictures."),)),
        _asked(square(56), QUESTION),
        _answer("A square."),
        _asked(Text("Look at this"), square(56), Text("Say it in one word.")),
        _answer("A square."),
        _asked(Text("And now?"), square(28), square(112, 255), square(112, 255)),
        _answer("Two squares."),
        _asked(QUESTION, picture(PATCH, 10 * PATCH), picture(2 * PATCH, 2 * LONGEST)),
    ),
    options=Options(max_tokens=1, temperature=0.0, tools=(WEATHER,)),
)

_SIDE = 112  # pixels
_PNG, _JPEG, _GIF, _WEBP = (
    picture(_SIDE, _SIDE, kind) for kind in ("png", "jpeg", "gif", "webp")
)


def _forms(name: str, *images: Image) -> Combined:
    """Return the streamed request with *images*, and with every detail and type."""
    probe = ask(
        name,
        QUESTION,
        *(replace(square(56), detail=word) for word in ("low", "high", "auto")),
        replace(_PNG, media_type="image/jpeg"),
        replace(_JPEG, media_type="image/png"),
        _JPEG,
        _GIF,
        *images,
    )
    return Combined(
        sends=(NO_IMAGE, replace(probe, stream=True)),
        judge=_cost,
        needs=EXACT_COST | STREAMED_USAGE,
        where=_reads_webp if _WEBP in images else None,
    )


def _reads_webp(profile: Profile) -> bool:
    return "no-webp" not in profile.tolerates


def _cost(text: Exchange, images: Exchange) -> Findings:
    yield from expect_exact_cost(text, images)


def _places_and_sizes(
    plain: Exchange, turns: Exchange, text: Exchange, sizes: Exchange
) -> Findings:
    yield from expect_unaltered(plain, (turns,))
    yield from expect_exact_cost(text, sizes)


ALL_SIZES = Combined(sends=(NO_IMAGE, SIZES), judge=_cost, needs=EXACT_COST)
ALL_PLACES = exact_prompts(TURNS, needs=TEKKEN | EXACT_COST)
PLACES_AND_SIZES = Combined(
    sends=(PLAIN, TURNS, NO_IMAGE, SIZES),
    judge=_places_and_sizes,
    needs=ALL_PLACES.needs,
)
ALL_FORMS = (
    _forms("images-of-all-forms", _WEBP),
    _forms("images-of-all-forms-but-webp"),
)
