"""That the list of models is one: ids, aliases, and the model that was asked for."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from contract.checks.models.model_cards import (
    Card,
    aliases,
    cards,
    id_of,
    own,
    related,
    relisted,
    requested,
    window,
    with_window,
)
from contract.checks.sources import OPENAI_MODELS
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    LIST_MODELS,
    SUM_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import Reply

LISTED = frozenset({Capability.MODEL_LIST})


@check(
    "models.ids-are-unique",
    "Two models in the list MUST NOT have the same id.",
    source=f"{OPENAI_MODELS}/object, id",
    sends=LIST_MODELS,
    needs=LISTED,
)
def ids_are_unique(listed: Exchange) -> Findings:
    for name, times in Counter(map(id_of, cards(listed))).items():
        if times > 1:
            yield Finding(
                "a model is listed more than once", f"one card {name}", f"{times} cards"
            )


@fault(breaks=ids_are_unique)
def model_listed_twice(reply: Reply) -> Reply:
    """A gateway joins the lists of two replicas that serve the same model."""
    return relisted(reply, lambda known: [*known, known[0]])


@check(
    "models.requested-is-listed",
    "A model that answers MUST be in the list, by its id or as an alias.",
    source="UKGovernmentBEIS/inspect_ai#4711",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED,
    unless="unknown-model",
)
def requested_is_listed(asked: Exchange, listed: Exchange) -> Findings:
    """
    An id that answers but is not listed is another model by now.

    Mistral's hosted API redirects retired ids to their successors, which answer
    with status 200 under the old name and do not think unless they are told to.
    """
    name = requested(asked)
    if own(listed, name) is None:
        yield Finding(
            "the model answers, but nobody lists it",
            expected=name,
            actual=shorten(", ".join(map(id_of, cards(listed)))),
            at="/data",
        )


@fault(breaks=requested_is_listed, also=("models", "context"))
def retired_id_redirected(reply: Reply) -> Reply:
    """A retired id is silently answered by its successor, which alone is listed."""

    def successor(card: Card) -> Card:
        others: dict[str, Json] = {"aliases": []} if "aliases" in card else {}
        return {**card, "id": "mistral-small-2603", **others}

    return relisted(reply, lambda known: [successor(known[0])])


@check(
    "models.aliases-are-symmetric",
    "A model that lists another as its alias SHOULD be listed as an alias by it.",
    source="0xPlaygrounds/rig, recorded list of models",
    sends=LIST_MODELS,
    needs=LISTED,
)
def aliases_are_symmetric(listed: Exchange) -> Findings:
    """Only where both have a card: llama.cpp gives its aliases none."""
    known = {id_of(card): card for card in cards(listed)}
    pairs = [
        (card, known[name])
        for card in known.values()
        for name in sorted(aliases(card))
        if name in known
    ]
    if not pairs:
        raise NotApplicable("no alias in the list has a card of its own")
    for card, alias in pairs:
        if id_of(card) not in aliases(alias):
            yield Finding(
                "an alias does not know its model",
                expected=f"{id_of(card)} among the aliases of {id_of(alias)}",
                actual=shorten(", ".join(sorted(aliases(alias))) or "none"),
                at="/data",
            )


@fault(breaks=aliases_are_symmetric)
def alias_known_to_one_side(reply: Reply) -> Reply:
    """A new alias gets a card, and the card of its model is forgotten."""

    def added(known: list[Card]) -> list[Card]:
        first = known[0]
        if not isinstance(first.get("aliases"), list):
            return known
        names: list[Json] = [id_of(first)]
        return [*known, {**first, "id": f"{id_of(first)}-alias", "aliases": names}]

    return relisted(reply, added)


@check(
    "models.aliases-share-the-window",
    "Two names of one model SHOULD tell the same context window.",
    source="0xPlaygrounds/rig, recorded list of models; vLLM, --served-model-name",
    sends=LIST_MODELS,
    needs=LISTED | {Capability.CONTEXT_LENGTH},
)
def aliases_share_the_window(listed: Exchange) -> Findings:
    pairs = [(a, b) for a, b in combinations(cards(listed), 2) if related(a, b)]
    if not pairs:
        raise NotApplicable("no model is listed under two names")
    for one, other in pairs:
        place, told = window(one)
        if window(other)[1] != told:
            yield Finding(
                "two names of one model differ",
                expected=f"{told}, as {id_of(one)} says",
                actual=f"{id_of(other)} says {window(other)[1]}",
                at=place,
            )


@fault(breaks=aliases_share_the_window, also=(aliases_are_symmetric,))
def alias_with_half_the_window(reply: Reply) -> Reply:
    """The card of an alias still describes the model it named before."""

    def added(known: list[Card]) -> list[Card]:
        first = known[0]
        name = f"{id_of(first)}-alias"
        alias = with_window({**first, "id": name}, lambda size: max(1, size // 2))
        if isinstance(first.get("aliases"), list):
            back: list[Json] = [id_of(first)]
            alias = {**alias, "aliases": back}
        return [*known, alias]

    return relisted(reply, added)
