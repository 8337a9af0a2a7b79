"""Model card checks: name, context window, date, deprecation, lookup by id."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.models.listing import LISTED
from contract.checks.models.model_cards import (
    Card,
    aliases,
    card_of,
    cards,
    context_window,
    date_of,
    find_card,
    id_of,
    map_cards,
    map_model_list,
    requested_model,
    same_model,
    with_context_window,
)
from contract.checks.sources import MISTRAL_MODELS, OPENAI_MODELS
from contract.model.chat import MODELS, Json
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS, MODEL_CARD, SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.model.response_kind import is_chat
from contract.portable.requirement import decided
from contract.portable.schemas import has, one_of

OK_STATUS = HTTPStatus.OK
UNKNOWN = "no-such-model"
UNKNOWN_CARD = replace(MODEL_CARD, name="unknown-card", path=f"{MODELS}/{UNKNOWN}")


@check(
    "models.answer-names-the-model",
    "A response MUST contain the requested model's name, or another name of it.",
    source="Mistral API and OpenAI API reference, chat completion object, model",
    sends=(SUM_WHOLE, SUM, LIST_MODELS),
    needs=LISTED,
    every=Scope.RESPONSES,
    across=True,
)
def answer_names_the_model(*exchanges: Exchange) -> Findings:
    """
    Accepts the name in the request and the other names in the model list.

    Mistral echoes the requested name, vLLM returns the first of its served names,
    llama.cpp returns its alias whatever the request contains.
    """
    listed = [x for x in exchanges if x.probe == LIST_MODELS and x.status == OK_STATUS]
    known: dict[str, set[str]] = {}
    judged = False
    for exchange in exchanges:
        requested = exchange.sent.get("model")
        seen = _models(exchange) if exchange.status == OK_STATUS else set()
        if not listed or not seen or not isinstance(requested, str):
            continue
        judged = True
        if requested not in known:
            known[requested] = _names(listed[0], requested)
        for other in sorted(seen - known[requested]):
            yield Finding(
                "the response names another model",
                expected=shorten(" or ".join(sorted(known[requested]))),
                actual=shorten(other),
                at=f"request {exchange.probe.name}, /model",
            )
    if not judged:
        raise NotApplicable("no response names a model, or no list of models is known")


def _models(exchange: Exchange) -> set[str]:
    """Return the names of models in a body, or in the chunks of a stream."""
    bodies = (chunk.json for chunk in exchange.folded if is_chat(exchange))
    models = (body.get("model") for body in bodies if isinstance(body, dict))
    return {model for model in models if isinstance(model, str)}


def _names(model_list: Exchange, name: str) -> set[str]:
    """Return *name* and the other names of that model in *model_list*."""
    card = find_card(model_list, name)
    names = {name}
    for other in cards(model_list):
        if card is None or other is card or same_model(card, other):
            names |= {id_of(other), *aliases(other)}
    return names


@fault(breaks=answer_names_the_model)
def replica_named_as_model(reply: Reply) -> Reply:
    """A router returns the name of a replica instead of the model's."""

    def change(value: Json) -> Json:
        if isinstance(value, dict) and "choices" in value and "model" in value:
            value["model"] = "engine-0"
        return value

    return reply.change(change)


@check(
    "models.context-length-is-told",
    "The card of a model MUST state its context window, a positive number of tokens.",
    source=f"{MISTRAL_MODELS}, max_context_length; vLLM, max_model_len",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED | {Capability.CONTEXT_LENGTH},
)
def context_length_is_told(answer: Exchange, model_list: Exchange) -> Findings:
    pointer, tokens = context_window(card_of(model_list, requested_model(answer)))
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 1:
        yield Finding(
            "the card does not state the context window",
            expected="a positive integer",
            actual=shorten(tokens),
            at=pointer,
        )


@fault(
    breaks=context_length_is_told,
    also=("schema.models", "models.card-agrees-with-list", "context"),
)
def window_of_no_tokens(reply: Reply) -> Reply:
    """The configuration does not contain a context window, and the card states 0."""
    return map_model_list(
        reply,
        lambda listed: [with_context_window(card, lambda _size: 0) for card in listed],
    )


@check(
    "models.context-length-is-as-promised",
    "The context window on the card MUST NOT be smaller than the one promised.",
    source=f"{MISTRAL_MODELS}, max_context_length; vLLM, --max-model-len",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED | {Capability.CONTEXT_LENGTH},
)
def context_length_is_as_promised(answer: Exchange, model_list: Exchange) -> Findings:
    """
    The promised window is the user's or the profile's; a detected one always passes.

    A server with little memory may be started with a smaller window, which clients
    would notice only when long prompts are rejected.
    """
    pointer, tokens = context_window(card_of(model_list, requested_model(answer)))
    if not isinstance(tokens, int) or tokens < 1:
        raise NotApplicable("the card does not state the context window")
    profile = model_list.profile
    promised = profile.context_window
    if tokens < promised:
        yield Finding(
            "the context window is smaller than promised",
            expected=f"{promised} tokens",
            actual=f"{tokens} tokens",
            at=pointer,
            hint=profile.dialect.server_flags.window.format(promised),
        )


@fault(
    breaks=context_length_is_as_promised,
    also=("models.card-agrees-with-list", "models.aliases-share-the-window"),
)
def window_of_a_smaller_machine(reply: Reply) -> Reply:
    """The server was moved to a machine with memory for a quarter of the window."""

    def quarter(size: int) -> int:
        return size // 4

    return map_model_list(
        reply, lambda listed: [with_context_window(card, quarter) for card in listed]
    )


@check(
    "models.context-length-is-no-larger",
    "The context window on the card SHOULD NOT be larger than the one promised.",
    source=f"house rule; {MISTRAL_MODELS}, max_context_length",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED | {Capability.CONTEXT_LENGTH},
)
def context_length_is_no_larger(answer: Exchange, model_list: Exchange) -> Findings:
    """Clients plan by the card, and their long prompts would be rejected or cut."""
    pointer, tokens = context_window(card_of(model_list, requested_model(answer)))
    if not isinstance(tokens, int) or tokens < 1:
        raise NotApplicable("the card does not state the context window")
    promised = model_list.profile.context_window
    if tokens > promised:
        yield Finding(
            "the context window is larger than promised",
            expected=f"{promised} tokens; --context-window states another promise",
            actual=f"{tokens} tokens",
            at=pointer,
        )


@fault(
    breaks=context_length_is_no_larger,
    also=("models.card-agrees-with-list", "models.aliases-share-the-window"),
)
def window_of_another_model(reply: Reply) -> Reply:
    """A gateway lists the window of the largest model behind it for all of them."""

    def double(size: int) -> int:
        return size * 2

    return map_model_list(
        reply, lambda listed: [with_context_window(card, double) for card in listed]
    )


@check(
    "models.dated-id-is-pinned",
    "A dated model id MUST NOT resolve to a model with another date.",
    source="https://docs.mistral.ai/getting-started/models; "
    "UKGovernmentBEIS/inspect_ai#4711",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED,
)
def dated_id_is_pinned(answer: Exchange, model_list: Exchange) -> Findings:
    """`name` is the canonical id on Mistral's cards, `root` the weights vLLM loaded."""
    name = requested_model(answer)
    card = card_of(model_list, name)
    values = {field: str(card.get(field)) for field in ("name", "root")}
    dated = {field: value for field, value in values.items() if date_of(value)}
    if date_of(name) is None or not dated:
        raise NotApplicable("the id or the model it resolves to has no date")
    for field, value in dated.items():
        if date_of(value) != date_of(name):
            yield Finding(
                "a dated id resolves to a model with another date",
                expected=name,
                actual=shorten(value),
                at=f"/{field}",
            )


@fault(breaks=dated_id_is_pinned, also=("models.card-agrees-with-list",))
def dated_id_moved(reply: Reply) -> Reply:
    """A retired id is turned into another name of its successor."""

    def moved(card: Card) -> Card:
        new = {"name": "mistral-small-2603", "root": "mistralai/Magistral-Small-2507"}
        return {**card, **{field: new[field] for field in new if field in card}}

    return map_model_list(reply, lambda listed: [moved(card) for card in listed])


@check(
    "models.is-not-deprecated",
    "The model SHOULD NOT be deprecated.",
    source=f"{MISTRAL_MODELS}, deprecation",
    sends=(SUM_WHOLE, LIST_MODELS),
    needs=LISTED,
)
def is_not_deprecated(answer: Exchange, model_list: Exchange) -> Findings:
    """After this date another model answers under the id, without any other sign."""
    card = card_of(model_list, requested_model(answer))
    date, successor = card.get("deprecation"), card.get("deprecation_replacement_model")
    if "deprecation" not in card:
        raise NotApplicable("the card has no deprecation field")
    if date is not None:
        yield Finding(
            "the model is deprecated",
            expected="no deprecation date",
            actual=shorten(f"{date}" + (f", then {successor}" if successor else "")),
            at="/deprecation",
        )


@fault(breaks=is_not_deprecated)
def deprecation_announced(reply: Reply) -> Reply:
    """The provider announces the deprecation of a model only on its card."""

    def change(card: Card) -> Card:
        if "deprecation" not in card:
            return card
        successor = "mistral-small-2603"
        date = "2026-04-30T12:00:00Z"
        announced = {"deprecation": date, "deprecation_replacement_model": successor}
        return {**card, **announced}

    return map_cards(reply, change)


@check(
    "models.card-agrees-with-list",
    "The card of a model MUST agree with its entry in the model list.",
    source=f"{MISTRAL_MODELS}; {OPENAI_MODELS}",
    sends=(LIST_MODELS, MODEL_CARD),
    needs=LISTED | {Capability.MODEL_CARD},
)
def card_agrees_with_list(model_list: Exchange, response: Exchange) -> Findings:
    """`created` is not compared: some servers return the time of the request there."""
    card = response.json if isinstance(response.json, dict) else {}
    if "id" not in card:
        raise NotApplicable("the response is not a model card")
    entry = card_of(model_list, response.request.path.removeprefix(f"{MODELS}/"))
    for field in sorted(card.keys() & entry.keys() - {"created"}):
        if card[field] != entry[field]:
            yield Finding(
                "the card and the model list disagree",
                expected=shorten(entry[field]),
                actual=shorten(card[field]),
                at=f"/{field}",
            )


@fault(breaks=card_agrees_with_list)
def card_of_another_window(reply: Reply) -> Reply:
    """The route for one card reads from a cache that is never invalidated."""
    value = None if reply.streamed else reply.json
    if not isinstance(value, dict) or value.get("object") != "model":
        return reply
    return reply.with_json(with_context_window(value, lambda size: max(1, size // 2)))


@check(
    "models.unknown-card",
    "A request for the card of an unknown model MUST be rejected.",
    source="RFC 9110 §15.5.5; OpenAI API reference, retrieve model",
    sends=UNKNOWN_CARD,
    needs={Capability.MODEL_CARD},
    expects=ANY,
)
@decided(has(status=one_of(sorted(CLIENT_ERRORS))))
def unknown_card(exchange: Exchange) -> Findings:
    """OpenAI documents a 404, Mistral no status, so any 4xx passes."""
    if exchange.status not in CLIENT_ERRORS:
        yield Finding(
            "the server returns a card for an unknown model",
            expected="status 404 or another 4xx status",
            actual=f"status {exchange.status}, {shorten(exchange.text)}",
            at=exchange.request.path,
        )


@fault(breaks=unknown_card)
def card_for_any_name(reply: Reply) -> Reply:
    """A server with a single model returns its card under every name."""
    if reply.request.path != UNKNOWN_CARD.path:
        return reply
    data = reply.dialect.models((UNKNOWN,), 131_072).get("data")
    card = data[0] if isinstance(data, list) else None
    kept = tuple(pair for pair in reply.headers if pair[0] != JSON_TYPE[0])
    frames = (Frame(reply.frames[-1].at if reply.frames else 0.0, encode_json(card)),)
    return replace(
        reply,
        status=HTTPStatus.OK,
        headers=(JSON_TYPE, *kept),
        frames=frames,
        rejection=None,
    )
