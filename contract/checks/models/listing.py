"""Model list checks: unique ids, aliases, and the requested model."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from contract.checks.models.model_cards import (
    Card,
    aliases,
    cards,
    context_window,
    find_card,
    id_of,
    map_model_list,
    requested_model,
    same_model,
    with_context_window,
)
from contract.checks.sources import OPENAI_MODELS
from contract.model.chat import Json
from contract.model.check import Finding, Findings, NotApplicable, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS, SUM_WHOLE
from contract.model.profile import Capability, Profile
from contract.model.reply import Reply
from contract.portable.requirement import decided
from contract.portable.schemas import SOMETHING, has

LISTED = frozenset({Capability.MODEL_LIST})


@check(
    "models.ids-are-unique",
    "Two models in the model list MUST NOT have the same id.",
    source=f"{OPENAI_MODELS}/object, id",
    sends=LIST_MODELS,
    needs=LISTED,
)
@decided(
    has(listed=has(ids={"type": "array", "items": {}, "uniqueItems": True})),
    when=has(listed=has(ids=SOMETHING)),
)
def ids_are_unique(model_list: Exchange) -> Findings:
    for name, count in Counter(map(id_of, cards(model_list))).items():
        if count > 1:
            yield Finding(
                "a model is listed more than once",
                f"one card with the id {name}",
                f"{count} cards",
            )


@fault(breaks=ids_are_unique)
def model_listed_twice(reply: Reply) -> Reply:
    """A gateway concatenates the lists of two replicas that serve the same model."""
    return map_model_list(reply, lambda listed: [*listed, listed[0]])


@check(
    "models.requested-is-listed",
    "A model that answers MUST be in the model list, by its id or as an alias.",
    source="UKGovernmentBEIS/inspect_ai#4711",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED,
    unless="unknown-model",
)
def requested_is_listed(answer: Exchange, model_list: Exchange) -> Findings:
    """
    An unlisted id that still answers is served by another model.

    Mistral's hosted API redirects retired ids to their successors, which answer
    with status 200 under the old name and do not reason unless the request enables
    it.
    """
    name = requested_model(answer)
    if find_card(model_list, name) is None:
        yield Finding(
            "the model answers, but is not in the model list",
            expected=name,
            actual=shorten(", ".join(map(id_of, cards(model_list)))),
            at="/data",
            hint=_successor(model_list.profile, name),
        )


def _successor(profile: Profile, name: str) -> str:
    """Return which model answers under the retired id *name*, as a hint; or none."""
    known = profile.model_named(name)
    if known is None or name not in known.replaces:
        return ""
    return f"requested {name}, served {known.id}, its successor; request that id"


@fault(breaks=requested_is_listed, also=("models", "context"))
def retired_id_redirected(reply: Reply) -> Reply:
    """A retired id is silently redirected to its successor, the only one listed."""

    def successor(card: Card) -> Card:
        others: dict[str, Json] = {"aliases": []} if "aliases" in card else {}
        return {**card, "id": "mistral-small-2603", **others}

    return map_model_list(reply, lambda listed: [successor(listed[0])])


@check(
    "models.aliases-are-symmetric",
    "A model that lists another as its alias SHOULD in turn be listed as its alias.",
    source="0xPlaygrounds/rig, recorded list of models",
    sends=LIST_MODELS,
    needs=LISTED,
)
def aliases_are_symmetric(model_list: Exchange) -> Findings:
    """Covers only aliases with a card; llama.cpp lists none for its aliases."""
    by_id = {id_of(card): card for card in cards(model_list)}
    pairs = [
        (card, by_id[name])
        for card in by_id.values()
        for name in sorted(aliases(card))
        if name in by_id
    ]
    if not pairs:
        raise NotApplicable("no alias in the model list has a card of its own")
    for card, alias in pairs:
        if id_of(card) not in aliases(alias):
            yield Finding(
                "an alias does not list its model",
                expected=f"{id_of(card)} among the aliases of {id_of(alias)}",
                actual=shorten(", ".join(sorted(aliases(alias))) or "none"),
                at="/data",
            )


@fault(breaks=aliases_are_symmetric)
def alias_known_to_one_side(reply: Reply) -> Reply:
    """A card is added for a new alias, but the card of its model is not updated."""

    def with_alias(listed: list[Card]) -> list[Card]:
        first = listed[0]
        if not isinstance(first.get("aliases"), list):
            return listed
        names: list[Json] = [id_of(first)]
        return [*listed, {**first, "id": f"{id_of(first)}-alias", "aliases": names}]

    return map_model_list(reply, with_alias)


@check(
    "models.aliases-share-the-window",
    "Two names of one model SHOULD state the same context window.",
    source="0xPlaygrounds/rig, recorded list of models; vLLM, --served-model-name",
    sends=LIST_MODELS,
    needs=LISTED | {Capability.CONTEXT_LENGTH},
)
def aliases_share_the_window(model_list: Exchange) -> Findings:
    listed = cards(model_list)
    pairs = [(a, b) for a, b in combinations(listed, 2) if same_model(a, b)]
    if not pairs:
        raise NotApplicable("no model is listed under two names")
    for one, other in pairs:
        pointer, tokens = context_window(one)
        other_tokens = context_window(other)[1]
        if other_tokens != tokens:
            yield Finding(
                "two names of one model differ in their context window",
                expected=f"{tokens}, as for {id_of(one)}",
                actual=f"{other_tokens} for {id_of(other)}",
                at=pointer,
            )


@fault(breaks=aliases_share_the_window, also=(aliases_are_symmetric,))
def alias_with_half_the_window(reply: Reply) -> Reply:
    """The card of an alias still describes the model it pointed to before."""

    def with_alias(listed: list[Card]) -> list[Card]:
        first = listed[0]
        name = f"{id_of(first)}-alias"
        half = with_context_window(first, lambda size: max(1, size // 2))
        alias: Card = {**half, "id": name}
        if isinstance(first.get("aliases"), list):
            back: list[Json] = [id_of(first)]
            alias = {**alias, "aliases": back}
        return [*listed, alias]

    return map_model_list(reply, with_alias)
