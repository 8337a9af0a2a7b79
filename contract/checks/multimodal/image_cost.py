"""What the judges and faults about images share: requests, prices, refusals."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.refusal import accepts
from contract.checks.faults.usage import add_tokens
from contract.checks.judging.usage import (
    counted,
    usage_location,
)
from contract.model.chat import (
    Image,
    Message,
    Options,
    Part,
    Probe,
    Text,
)
from contract.model.check import (
    Check,
    Fault,
    Finding,
    Findings,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.images import picture
from contract.model.profile import Capability
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
    encode_json,
)
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting
from contract.tokens.patch_grid import (
    mistral_grid,
    token_cost,
)

SEEN = frozenset({Capability.VISION})


EXACT = SEEN | {Capability.EXACT_IMAGES}


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
            at=usage_location(shown),
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
            at=usage_location(shown),
        )


def caps_image_tokens(dialect: Dialect) -> bool:
    """Whether long sides are shrunk to 1540 pixels, as Mistral's formula does."""
    return dialect.patch_grid is mistral_grid


def sizes(probe: Probe | None) -> tuple[tuple[int, int], ...]:
    """Width and height of every image of a request."""
    return tuple(
        counting.size(part.data) or (0, 0)
        for message in (probe.messages if probe is not None else ())
        for part in message.parts
        if isinstance(part, Image)
    )


def price(dialect: Dialect, size: tuple[int, int]) -> int:
    """Prompt tokens of an image of that size; nothing for what is no image."""
    return token_cost((dialect.patch_grid or mistral_grid)(*size)) if all(size) else 0


def prices(dialect: Dialect, probe: Probe | None) -> tuple[int, ...]:
    """Prompt tokens of every image of a request."""
    return tuple(price(dialect, size) for size in sizes(probe))


def charge(reply: Reply, amount: int) -> Reply:
    """*reply* with *amount* more prompt tokens, where it is charged at all."""
    if not amount:
        return reply
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "prompt_tokens", amount)
    )


def refuse_image(
    reply: Reply, message: str, reason: RejectionReason = RejectionReason.UNSUPPORTED
) -> Reply:
    """The refusal that stands in the place of *reply*, as its dialect words it."""
    problem = Rejection(reason=reason, message=message, pointer="/messages")
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode_json(body)
    return replace(
        reply,
        status=status,
        headers=(
            JSON_TYPE,
            *(pair for pair in reply.headers if pair[0] != JSON_TYPE[0]),
        ),
        frames=(Frame(0.0, data),),
        rejection=problem,
    )


def accepting(check: Check, story: str) -> Fault:
    """The fault that answers what *check* wants refused, by a name of its own."""
    made = accepts(check, story)
    return replace(made, id=made.id.replace("accepts-refuses-", "accepts-"))
