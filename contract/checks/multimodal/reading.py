"""What the judges and faults about images share: requests, prices, refusals."""

from __future__ import annotations

from dataclasses import replace

from contract import tokens
from contract.cells import capped, cost
from contract.chat import Image, Message, Options, Part, Probe, Text
from contract.checks.base import Check, Fault, Finding, Findings
from contract.checks.rejections.refusal import accepts
from contract.checks.usage.reading import add, at, counted
from contract.dialects.base import Dialect, Problem, Trouble
from contract.exchange import Exchange
from contract.images import picture
from contract.profile import Capability
from contract.reply import JSON_TYPE, Frame, Reply, encode
from contract.retell import count

VISION_GUIDE = "https://docs.mistral.ai/capabilities/vision"
OPENAI_IMAGES = "https://platform.openai.com/docs/guides/images-vision"
VLLM_IMAGES = "https://docs.vllm.ai/en/latest/features/multimodal_inputs"
PIXTRAL = "mistral-common, ImageEncoder; https://arxiv.org/abs/2410.07073"
SEEN = frozenset({Capability.VISION})
EXACT = SEEN | {Capability.EXACT_IMAGES}
# Those who shrink long sides to 1540 pixels and count every cell that was begun.
CAPPED = frozenset(
    {"mistral-2025-10", "mistral-2026-08", "vllm-0.11", "vllm-0.12", "vllm-0.16"}
)

_BRIEF = Options(max_tokens=1, temperature=0.0)
QUESTION = Text("What is this?")


def talk(name: str, *messages: Message) -> Probe:
    """A conversation that costs its prompt and one token of answer."""
    return Probe(name=name, messages=messages, options=_BRIEF, reasons=False)


def asked(name: str, *parts: Part) -> Probe:
    """One message of the user made of *parts*, and one token of answer."""
    return talk(name, Message("user", parts))


def square(side: int, shade: int = 96) -> Image:
    """A PNG of *side* by *side* pixels."""
    return picture(side, side, shade=shade)


NO_IMAGE = asked("no-image", QUESTION)
ONE_IMAGE = asked("one-image", QUESTION, square(56))
OTHER_IMAGE = asked("other-image", QUESTION, square(112))


def raised(text: Exchange, shown: Exchange) -> int:
    """How many more prompt tokens *shown* was charged than *text*."""
    return counted(shown, "prompt_tokens") - counted(text, "prompt_tokens")


def counts(text: Exchange, shown: Exchange) -> Findings:
    """A finding unless the images of *shown* cost anything beside *text*."""
    found = raised(text, shown)
    if found < 1:
        yield Finding(
            f"the prompt of {shown.probe.name} has no image in it",
            expected=f"more prompt_tokens than {text.probe.name} has",
            actual=f"{found} more",
            at=at(shown),
        )


def exactly(text: Exchange, shown: Exchange) -> Findings:
    """
    A finding unless the images of *shown* cost what they must beside *text*.

    That is the formula's number where the profile promises it, else anything.
    """
    if Capability.EXACT_IMAGES not in shown.profile.offers:
        yield from counts(text, shown)
        return
    dialect = shown.profile.dialect
    price = sum(prices(dialect, shown.probe)) - sum(prices(dialect, text.probe))
    found = raised(text, shown)
    if found != price:
        yield Finding(
            f"the image of {shown.probe.name} is counted wrongly",
            expected=f"{price} more prompt_tokens than {text.probe.name} has",
            actual=f"{found} more",
            at=at(shown),
        )


def sizes(probe: Probe | None) -> tuple[tuple[int, int], ...]:
    """Width and height of every image of a request."""
    return tuple(
        tokens.size(part.data) or (0, 0)
        for message in (probe.messages if probe is not None else ())
        for part in message.parts
        if isinstance(part, Image)
    )


def price(dialect: Dialect, size: tuple[int, int]) -> int:
    """Prompt tokens of an image of that size; nothing for what is no image."""
    return cost((dialect.cells or capped)(*size)) if all(size) else 0


def prices(dialect: Dialect, probe: Probe | None) -> tuple[int, ...]:
    """Prompt tokens of every image of a request."""
    return tuple(price(dialect, size) for size in sizes(probe))


def charge(reply: Reply, amount: int) -> Reply:
    """*reply* with *amount* more prompt tokens, where it is charged at all."""
    if not amount:
        return reply
    return count(reply, lambda usage: add(usage, "prompt_tokens", amount))


def refuse(reply: Reply, message: str, trouble: Trouble = Trouble.UNSUPPORTED) -> Reply:
    """The refusal that stands in the place of *reply*, as its dialect words it."""
    problem = Problem(trouble=trouble, message=message, pointer="/messages")
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode(body)
    return replace(
        reply,
        status=status,
        headers=(
            JSON_TYPE,
            *(pair for pair in reply.headers if pair[0] != JSON_TYPE[0]),
        ),
        frames=(Frame(0.0, data),),
        problem=problem,
    )


def accepting(check: Check, story: str) -> Fault:
    """The fault that answers what *check* wants refused, by a name of its own."""
    made = accepts(check, story)
    return replace(made, id=made.id.replace("accepts-refuses-", "accepts-"))
