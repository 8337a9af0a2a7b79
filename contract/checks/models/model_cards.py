"""Model cards: lookup, names, context windows, and changes to them in a reply."""

from __future__ import annotations

import re
from collections.abc import Callable

from contract.model.chat import Json
from contract.model.check import NotApplicable
from contract.model.exchange import Exchange
from contract.model.reply import Reply

Card = dict[str, Json]


# Fields with the context window in tokens, of Mistral and of vLLM. llama.cpp puts
# it into `meta.n_ctx`.
WINDOWS = ("max_context_length", "max_model_len")


_DATE = re.compile(r"-(2[3-9](?:0[1-9]|1[0-2]))$")


def cards(model_list: Exchange) -> tuple[Card, ...]:
    """
    Return the cards in a model list, without entries that are not cards.

    Raises `NotApplicable` if there are none; `schema.models` reports a list of the
    wrong shape.
    """
    body = model_list.json
    data = body.get("data") if isinstance(body, dict) else None
    found = tuple(
        card
        for card in (data if isinstance(data, list) else ())
        if isinstance(card, dict) and isinstance(card.get("id"), str)
    )
    if not found:
        raise NotApplicable("the model list contains no card")
    return found


def id_of(card: Card) -> str:
    """Return the id of a card."""
    return str(card.get("id"))


def aliases(card: Card) -> frozenset[str]:
    """Return the other names on a card; empty if the provider has no aliases."""
    listed = card.get("aliases")
    names = listed if isinstance(listed, list) else ()
    return frozenset(name for name in names if isinstance(name, str)) - {id_of(card)}


def requested_model(exchange: Exchange) -> str:
    """Return the model in a request; raises `NotApplicable` if there is none."""
    name = exchange.sent.get("model")
    if not isinstance(name, str):
        raise NotApplicable("the request names no model")
    return name


def find_card(model_list: Exchange, name: str) -> Card | None:
    """Return the card with the id *name*, or else the first with that alias."""
    listed = cards(model_list)
    by_id = (card for card in listed if id_of(card) == name)
    by_alias = (card for card in listed if name in aliases(card))
    return next(by_id, None) or next(by_alias, None)


def card_of(model_list: Exchange, name: str) -> Card:
    """
    Return the card of the model *name*.

    Raises `NotApplicable` if it is not listed; `models.requested-is-listed` reports
    that.
    """
    card = find_card(model_list, name)
    if card is None:
        raise NotApplicable(f"{name} is not in the model list")
    return card


def same_model(one: Card, other: Card) -> bool:
    """Whether two cards share a name or the weights, so that they are one model."""
    named = id_of(one) in aliases(other) or id_of(other) in aliases(one)
    root = one.get("root")
    return named or (isinstance(root, str) and bool(root) and root == other.get("root"))


def context_window(card: Card) -> tuple[str, Json]:
    """Return the JSON pointer of a card's context window, and the value there."""
    for field in WINDOWS:
        if field in card:
            return f"/{field}", card[field]
    meta = card.get("meta")
    if isinstance(meta, dict) and "n_ctx" in meta:
        return "/meta/n_ctx", meta["n_ctx"]
    return "the card", None


def with_context_window(card: Card, change: Callable[[int], int]) -> Card:
    """Return *card* with its context window, if it states one, passed to *change*."""
    pointer, value = context_window(card)
    if not isinstance(value, int):
        return card
    if pointer == "/meta/n_ctx":
        meta = card["meta"]
        inner = meta if isinstance(meta, dict) else {}
        return {**card, "meta": {**inner, "n_ctx": change(value)}}
    return {**card, pointer.removeprefix("/"): change(value)}


def date_of(name: str) -> str | None:
    """Return the year and month (YYMM) at the end of a dated model id, if any."""
    found = _DATE.search(name)
    return found.group(1) if found else None


def map_model_list(reply: Reply, change: Callable[[list[Card]], list[Card]]) -> Reply:
    """Return a model list with its cards passed to *change*; other replies as is."""
    value = None if reply.streamed else reply.json
    if not isinstance(value, dict) or value.get("object") != "list":
        return reply
    data = value.get("data")
    entries = data if isinstance(data, list) else []
    listed = [entry for entry in entries if isinstance(entry, dict)]
    if not listed:
        return reply
    changed: list[Json] = [*change(listed)]
    return reply.with_json({**value, "data": changed})


def map_cards(reply: Reply, change: Callable[[Card], Card]) -> Reply:
    """Return a model list or card with *change* applied to every card in it."""
    value = None if reply.streamed else reply.json
    if isinstance(value, dict) and value.get("object") == "model":
        return reply.with_json(change(value))
    return map_model_list(reply, lambda listed: [change(card) for card in listed])
