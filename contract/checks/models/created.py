"""Check of the creation time of models."""

from __future__ import annotations

from contract.checks.models.listing import LISTED
from contract.checks.models.model_cards import Card, cards, id_of, map_cards
from contract.checks.sources import OPENAI_MODELS
from contract.model.check import Finding, Findings, NotApplicable, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS
from contract.model.reply import Reply
from contract.portable.assembly import clock_of
from contract.portable.requirement import decided
from contract.portable.schemas import has

DAY = 86_400  # seconds by which the clocks of client and server may differ


@check(
    "models.created-is-past",
    "The created time of a model MUST NOT lie in the future.",
    source=f"{OPENAI_MODELS}, created: Unix timestamp in seconds",
    sends=LIST_MODELS,
    needs=LISTED,
)
@decided(
    has(listed=has(ahead={"type": "number", "maximum": DAY})),
    when=has(listed=has(ahead={"type": "number"})),
)
def created_is_past(model_list: Exchange) -> Findings:
    """A time in milliseconds lies some 50,000 years ahead."""
    now = clock_of(model_list)
    if now is None:
        raise NotApplicable("the time of the request is not known")
    times = [(id_of(card), card.get("created")) for card in cards(model_list)]
    known = [(name, t) for name, t in times if type(t) is int]
    if not known:
        raise NotApplicable("no model has a created time")
    for name, created in known:
        if created > now + DAY:
            yield Finding(
                f"the model {shorten(name)} was created in the future",
                expected=f"at most {now:.0f}, in seconds since 1970",
                actual=f"{created}",
                at="/data/created",
            )


@fault(breaks=created_is_past)
def model_created_in_milliseconds(reply: Reply) -> Reply:
    """A gateway in JavaScript lists its models with Date.now()."""

    def change(card: Card) -> Card:
        created = card.get("created")
        return (
            {**card, "created": created * 1_000} if isinstance(created, int) else card
        )

    return map_cards(reply, change)
