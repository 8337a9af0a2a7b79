"""What the card of a model says, and that it says so wherever it is asked for."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.models.listing import LISTED
from contract.checks.models.model_cards import (
    Card,
    aliases,
    cards,
    date_of,
    id_of,
    own,
    recarded,
    related,
    relisted,
    requested,
    shown,
    window,
    with_window,
)
from contract.checks.sources import (
    MISTRAL_MODELS,
    OPENAI_MODELS,
)
from contract.model.chat import (
    MODELS,
    Json,
)
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
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
    MODEL_CARD,
    SUM,
    SUM_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
    encode_json,
)

UNKNOWN = "no-such-model"
UNKNOWN_CARD = replace(MODEL_CARD, name="unknown-card", path=f"{MODELS}/{UNKNOWN}")


@check(
    "models.answer-names-the-model",
    "A response MUST name the model that was asked for, or another name of it.",
    source="Mistral API and OpenAI API reference, chat completion object, model",
    sends=(SUM_WHOLE, SUM, LIST_MODELS),
    needs=LISTED,
)
def answer_names_the_model(
    whole: Exchange, streamed: Exchange, listed: Exchange
) -> Findings:
    """
    The name as it was asked for, or another name that the list gives to that model.

    Mistral echoes the name, vLLM says the first of its served names, llama.cpp its
    alias whatever it was asked for.
    """
    known, name = cards(listed), requested(whole)
    card = own(listed, name)
    names = {name}
    for other in known:
        if card is None or other is card or related(card, other):
            names |= {id_of(other), *aliases(other)}
    bodies = (whole.json, *(chunk.json for chunk in streamed.chunks))
    told = [body.get("model") for body in bodies if isinstance(body, dict)]
    if not any(isinstance(seen, str) for seen in told):
        raise NotApplicable("no response names a model")
    for seen in sorted({seen for seen in told if isinstance(seen, str)} - names):
        yield Finding(
            "the response names another model",
            expected=shorten(" or ".join(sorted(names))),
            actual=shorten(seen),
            at="/model",
        )


@fault(breaks=answer_names_the_model)
def replica_named_as_model(reply: Reply) -> Reply:
    """A router tells the name of the replica instead of the model's."""

    def change(value: Json) -> Json:
        if isinstance(value, dict) and "choices" in value and "model" in value:
            value["model"] = "engine-0"
        return value

    return reply.change(change)


@check(
    "models.context-length-is-told",
    "The card of a model MUST tell its context window: a number of tokens above 0.",
    source=f"{MISTRAL_MODELS}, max_context_length; vLLM, max_model_len",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED | {Capability.CONTEXT_LENGTH},
)
def context_length_is_told(asked: Exchange, listed: Exchange) -> Findings:
    place, told = window(shown(listed, requested(asked)))
    if not isinstance(told, int) or isinstance(told, bool) or told < 1:
        yield Finding(
            "the context window is not told",
            expected="a whole number above 0",
            actual=shorten(told),
            at=place,
        )


@fault(
    breaks=context_length_is_told,
    also=("schema.models", "models.card-agrees-with-list", "context"),
)
def window_of_no_tokens(reply: Reply) -> Reply:
    """The window is read from a configuration that has none, and becomes 0."""
    return relisted(
        reply, lambda known: [with_window(card, lambda _size: 0) for card in known]
    )


@check(
    "models.context-length-is-as-promised",
    "The context window on the card MUST NOT be smaller than the one promised.",
    source=f"{MISTRAL_MODELS}, max_context_length; vLLM, --max-model-len",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED | {Capability.CONTEXT_LENGTH},
)
def context_length_is_as_promised(asked: Exchange, listed: Exchange) -> Findings:
    """
    Promised is what the user or the profile says; what was detected promises itself.

    A server with less memory is started with a smaller window, and long prompts are
    what its users find out with.
    """
    place, told = window(shown(listed, requested(asked)))
    if not isinstance(told, int) or told < 1:
        raise NotApplicable("the context window is not told")
    promised = listed.profile.context_window
    if told < promised:
        switch = listed.profile.dialect.server_flags.window
        yield Finding(
            "the context window is smaller than the one promised",
            expected=f"{promised} tokens",
            actual=f"{told} tokens",
            at=place,
            hint=switch.format(promised),
        )


@fault(
    breaks=context_length_is_as_promised,
    also=("models.card-agrees-with-list", "models.aliases-share-the-window"),
)
def window_of_a_smaller_machine(reply: Reply) -> Reply:
    """The server was moved to a machine that holds a quarter of the window."""
    return relisted(
        reply,
        lambda known: [with_window(card, lambda size: size // 4) for card in known],
    )


@check(
    "models.dated-id-is-pinned",
    "An id with a date MUST NOT lead to the model of another date.",
    source="https://docs.mistral.ai/getting-started/models; "
    "UKGovernmentBEIS/inspect_ai#4711",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED,
)
def dated_id_is_pinned(asked: Exchange, listed: Exchange) -> Findings:
    """`name` is Mistral's canonical id of a card, `root` the weights vLLM loaded."""
    name = requested(asked)
    card = shown(listed, name)
    told = {field: str(card.get(field)) for field in ("name", "root")}
    dated = {field: leads for field, leads in told.items() if date_of(leads)}
    if date_of(name) is None or not dated:
        raise NotApplicable("the id, or what it leads to, has no date")
    for field, leads in dated.items():
        if date_of(leads) != date_of(name):
            yield Finding(
                "a dated id leads to a model of another date",
                expected=name,
                actual=shorten(leads),
                at=f"/{field}",
            )


@fault(breaks=dated_id_is_pinned, also=("models.card-agrees-with-list",))
def dated_id_moved(reply: Reply) -> Reply:
    """A retired id becomes one more name of its successor."""

    def moved(card: Card) -> Card:
        to = {"name": "mistral-small-2603", "root": "mistralai/Magistral-Small-2507"}
        return {**card, **{field: to[field] for field in to if field in card}}

    return relisted(reply, lambda known: [moved(card) for card in known])


@check(
    "models.is-not-deprecated",
    "The model SHOULD NOT be deprecated.",
    source=f"{MISTRAL_MODELS}, deprecation",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED,
)
def is_not_deprecated(asked: Exchange, listed: Exchange) -> Findings:
    """After its date the id answers as another model, and nothing else tells."""
    card = shown(listed, requested(asked))
    when, successor = card.get("deprecation"), card.get("deprecation_replacement_model")
    if "deprecation" not in card:
        raise NotApplicable("the card has no field for it")
    if when is not None:
        yield Finding(
            "the model is deprecated",
            expected="no date of deprecation",
            actual=shorten(f"{when}" + (f", then {successor}" if successor else "")),
            at="/deprecation",
        )


@fault(breaks=is_not_deprecated)
def deprecation_announced(reply: Reply) -> Reply:
    """The provider announces the end of a model in its card alone."""

    def change(card: Card) -> Card:
        if "deprecation" not in card:
            return card
        successor = "mistral-small-2603"
        when = "2026-04-30T12:00:00Z"
        told = {"deprecation": when, "deprecation_replacement_model": successor}
        return {**card, **told}

    return recarded(reply, change)


@check(
    "models.card-agrees-with-list",
    "The card of a model MUST say what the list says of it.",
    source=f"{MISTRAL_MODELS}; {OPENAI_MODELS}",
    sends=(LIST_MODELS, MODEL_CARD),
    needs=LISTED | {Capability.MODEL_CARD},
)
def card_agrees_with_list(listed: Exchange, alone: Exchange) -> Findings:
    """`created` is left out: some servers write the time of the request there."""
    card = alone.json if isinstance(alone.json, dict) else {}
    if "id" not in card:
        raise NotApplicable("the card is none")
    entry = shown(listed, alone.request.path.removeprefix(f"{MODELS}/"))
    for field in sorted(card.keys() & entry.keys() - {"created"}):
        if card[field] != entry[field]:
            yield Finding(
                "the card and the list disagree",
                expected=shorten(entry[field]),
                actual=shorten(card[field]),
                at=f"/{field}",
            )


@fault(breaks=card_agrees_with_list)
def card_of_another_window(reply: Reply) -> Reply:
    """The route of one card reads a cache that nobody empties."""
    value = None if reply.streamed else reply.json
    if not isinstance(value, dict) or value.get("object") != "model":
        return reply
    return reply.with_json(with_window(value, lambda size: max(1, size // 2)))


@check(
    "models.unknown-card",
    "The card of a model nobody serves MUST be refused.",
    source="RFC 9110 §15.5.5; OpenAI API reference, retrieve model",
    sends=UNKNOWN_CARD,
    needs={Capability.MODEL_CARD},
    expects=ANY,
)
def unknown_card(exchange: Exchange) -> Findings:
    """A 404 by OpenAI's reference; Mistral documents no status, so any 4xx will do."""
    if exchange.status not in CLIENT_ERRORS:
        yield Finding(
            "there is a card of a model nobody serves",
            expected="status 404, or another from 400 to 499",
            actual=f"status {exchange.status}, {shorten(exchange.text)}",
            at=exchange.request.path,
        )


@fault(breaks=unknown_card)
def card_for_any_name(reply: Reply) -> Reply:
    """A server with one model shows its card under every name."""
    if reply.request.path != UNKNOWN_CARD.path:
        return reply
    data = reply.dialect.models((UNKNOWN,), 131_072).get("data")
    card = data[0] if isinstance(data, list) else None
    kept = tuple(pair for pair in reply.headers if pair[0] != JSON_TYPE[0])
    frames = (Frame(reply.frames[-1].at if reply.frames else 0.0, encode_json(card)),)
    return replace(
        reply, status=200, headers=(JSON_TYPE, *kept), frames=frames, rejection=None
    )
