"""Substitution: the model that answers under the name of another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contract.model.chat import Json
from contract.model.profile import Profile


def substitute(
    requested: str, profile: Profile, cards: Iterable[Mapping[str, Json]] = ()
) -> str:
    """
    Return which model is served in place of *requested*, as a clause; or no text.

    A hosted API answers a retired id with its successor, and some aliases name a model
    of another family: `magistral-small-latest` is `mistral-small-2603`. The response
    repeats the requested name, so only the card or the documentation shows it.

    Usage: `substitute("magistral-small-2509", profile)`.

    Args:
        requested: The name in the requests.
        profile: The profile of the server; its `models` list the retired ids.
        cards: The cards of the server's model list.
    """
    listed = {card.get("id"): card for card in cards}
    said = f"requested {requested}, served "
    card = listed.get(requested)
    known = profile.model_named(requested)
    if card is None and known is not None and requested in known.replaces:
        return f"{said}{known.id}: a retired id is answered by its successor"
    name = None if card is None else card.get("name")
    # Only Mistral's cards have a canonical name that is another id.
    if isinstance(name, str) and name in listed and _family(name) != _family(requested):
        return f"{said}{name}, as its model card says"
    return ""


def _family(name: str) -> str:
    return name.partition("-")[0].lower()
