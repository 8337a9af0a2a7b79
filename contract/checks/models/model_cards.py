"""What the judges and faults of models share: cards, their names and their windows."""

from __future__ import annotations

import re
from collections.abc import Callable

from contract.model.chat import Json
from contract.model.check import NotApplicable
from contract.model.exchange import Exchange
from contract.model.reply import Reply

Card = dict[str, Json]


# Where Mistral and vLLM put the context window; llama.cpp has it inside `meta`.
WINDOWS = ("max_context_length", "max_model_len")


_DATE = re.compile(r"-(2[3-9](?:0[1-9]|1[0-2]))$")


def cards(listed: Exchange) -> tuple[Card, ...]:
    """The cards of a list; one that is no list of cards is judged by its schema."""
    data = listed.json.get("data") if isinstance(listed.json, dict) else None
    found = tuple(
        card
        for card in (data if isinstance(data, list) else ())
        if isinstance(card, dict) and isinstance(card.get("id"), str)
    )
    if not found:
        raise NotApplicable("the list holds no card")
    return found


def id_of(card: Card) -> str:
    """The id of a card."""
    return str(card.get("id"))


def aliases(card: Card) -> frozenset[str]:
    """The other names of a card; none where the provider knows no aliases."""
    listed = card.get("aliases")
    names = listed if isinstance(listed, list) else ()
    return frozenset(name for name in names if isinstance(name, str)) - {id_of(card)}


def requested(asked: Exchange) -> str:
    """The model that a request asked for."""
    name = asked.sent.get("model")
    if not isinstance(name, str):
        raise NotApplicable("the request names no model")
    return name


def own(listed: Exchange, name: str) -> Card | None:
    """The card with that id, or else one with that alias."""
    known = cards(listed)
    by_id = (card for card in known if id_of(card) == name)
    by_alias = (card for card in known if name in aliases(card))
    return next(by_id, None) or next(by_alias, None)


def shown(listed: Exchange, name: str) -> Card:
    """The card of a model; without one, `models.requested-is-listed` says so."""
    card = own(listed, name)
    if card is None:
        raise NotApplicable(f"{name} is not in the list")
    return card


def related(one: Card, other: Card) -> bool:
    """Whether two cards say of themselves that they are one model."""
    named = id_of(one) in aliases(other) or id_of(other) in aliases(one)
    root = one.get("root")
    return named or (isinstance(root, str) and bool(root) and root == other.get("root"))


def window(card: Card) -> tuple[str, Json]:
    """Where a card tells the context window, and what it says there."""
    for field in WINDOWS:
        if field in card:
            return f"/{field}", card[field]
    meta = card.get("meta")
    if isinstance(meta, dict) and "n_ctx" in meta:
        return "/meta/n_ctx", meta["n_ctx"]
    return "the card", None


def with_window(card: Card, change: Callable[[int], int]) -> Card:
    """*card* with another context window, wherever it tells one."""
    place, value = window(card)
    if not isinstance(value, int):
        return card
    if place == "/meta/n_ctx":
        meta = card["meta"]
        inner = meta if isinstance(meta, dict) else {}
        return {**card, "meta": {**inner, "n_ctx": change(value)}}
    return {**card, place.removeprefix("/"): change(value)}


def date_of(name: str) -> str | None:
    """The four digits of year and month that Mistral's ids end in, if they do."""
    found = _DATE.search(name)
    return found.group(1) if found else None


def relisted(reply: Reply, change: Callable[[list[Card]], list[Card]]) -> Reply:
    """A list of models with its cards changed; any other reply stays."""
    value = None if reply.streamed else reply.json
    if not isinstance(value, dict) or value.get("object") != "list":
        return reply
    data = value.get("data")
    entries = data if isinstance(data, list) else []
    known = [entry for entry in entries if isinstance(entry, dict)]
    if not known:
        return reply
    changed: list[Json] = [*change(known)]
    return reply.with_json({**value, "data": changed})


def recarded(reply: Reply, change: Callable[[Card], Card]) -> Reply:
    """Every card changed, in a list and alone; any other reply stays."""
    value = None if reply.streamed else reply.json
    if isinstance(value, dict) and value.get("object") == "model":
        return reply.with_json(change(value))
    return relisted(reply, lambda known: [change(card) for card in known])
