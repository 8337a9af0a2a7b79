"""Probes with images, and their cost in prompt tokens."""

from __future__ import annotations

from contract.checks.faults.usage import add_tokens
from contract.checks.judging.usage import require_counter, usage_location
from contract.model.chat import Image, Message, Options, Part, Text
from contract.model.check import Finding, Findings
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.images import picture
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting
from contract.tokens.patch_grid import mistral_grid, token_cost

VISION = frozenset({Capability.VISION})
EXACT_COST = VISION | {Capability.EXACT_IMAGES}
QUESTION = Text("What is this?")
_ONE_TOKEN = Options(max_tokens=1, temperature=0.0)


def chat(name: str, *messages: Message) -> Probe:
    """Return a probe with these messages and a completion of one token."""
    return Probe(name=name, messages=messages, options=_ONE_TOKEN, reasons=False)


def ask(name: str, *parts: Part) -> Probe:
    """Return a probe with one user message of these parts."""
    return chat(name, Message("user", parts))


def square(side: int, shade: int = 96) -> Image:
    """Return a PNG of *side* by *side* pixels in one shade of grey, 0 to 255."""
    return picture(side, side, shade=shade)


NO_IMAGE = ask("no-image", QUESTION)
ONE_IMAGE = ask("one-image", QUESTION, square(56))
OTHER_IMAGE = ask("other-image", QUESTION, square(112))


def extra_tokens(base: Exchange, other: Exchange) -> int:
    """
    Return how many more prompt tokens *other* was charged than *base*.

    Raises `NotApplicable` if a reply has no prompt_tokens.
    """
    return require_counter(other, "prompt_tokens") - require_counter(
        base, "prompt_tokens"
    )


def expect_counted(text: Exchange, image: Exchange) -> Findings:
    """Yield a finding unless *image* costs more prompt tokens than *text*."""
    extra = extra_tokens(text, image)
    if extra < 1:
        yield Finding(
            f"the prompt of {image.probe.name} does not contain the image",
            expected=f"more prompt_tokens than for {text.probe.name}",
            actual=f"{extra} more",
            at=usage_location(image),
        )


def expect_exact_cost(text: Exchange, image: Exchange) -> Findings:
    """
    Yield a finding unless the additional images of *image* have the right cost.

    That is the cost by the dialect's formula if the profile promises it, and at
    least one token otherwise.
    """
    if Capability.EXACT_IMAGES not in image.profile.offers:
        yield from expect_counted(text, image)
        return
    dialect = image.profile.dialect
    cost = sum(image_costs(dialect, image.probe)) - sum(
        image_costs(dialect, text.probe)
    )
    extra = extra_tokens(text, image)
    if extra != cost:
        yield Finding(
            f"the image of {image.probe.name} was changed or counted wrongly",
            expected=f"{cost} more prompt_tokens than for {text.probe.name}",
            actual=f"{extra} more",
            at=usage_location(image),
        )


def caps_image_tokens(dialect: Dialect) -> bool:
    """Whether a dialect downscales long sides to 1540 pixels by Mistral's formula."""
    return dialect.patch_grid is mistral_grid


def sizes(probe: Probe | None) -> tuple[tuple[int, int], ...]:
    """Return width and height in pixels of every image; (0, 0) if undecodable."""
    return tuple(
        counting.size(part.data) or (0, 0)
        for message in (probe.messages if probe is not None else ())
        for part in message.parts
        if isinstance(part, Image)
    )


def image_cost(dialect: Dialect, size: tuple[int, int]) -> int:
    """Return the prompt tokens of an image of *size*; 0 for an undecodable one."""
    return token_cost((dialect.patch_grid or mistral_grid)(*size)) if all(size) else 0


def image_costs(dialect: Dialect, probe: Probe | None) -> tuple[int, ...]:
    """Return the prompt tokens of every image of a request."""
    return tuple(image_cost(dialect, size) for size in sizes(probe))


def add_prompt_tokens(reply: Reply, amount: int) -> Reply:
    """Return *reply* with *amount* added to its prompt_tokens, if it has usage."""
    if not amount:
        return reply
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "prompt_tokens", amount)
    )
