"""Fingerprint of Mistral's hosted API: its headers and model cards."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match
from contract.providers.mistral.models import model_named


def recognise(evidence: Evidence) -> Match | None:
    """
    Return the profile of the time whose models are served.

    That is 2025 with Magistral Small 1.2, October 2026 with Large 4, and else August
    2026, although a key may be limited to models that fit both of 2026.
    """
    if evidence.models.header("mistral-correlation-id") is not None:
        reason = "a mistral-correlation-id header"
    elif any(
        # Other servers use the name of the hub's organisation, without capabilities.
        card.get("owned_by") == "mistralai" and "capabilities" in card
        for card in evidence.cards
    ):
        reason = 'cards owned by "mistralai"'
    else:
        return None
    if "magistral-small-2509" in evidence.names:
        return Match("mistral-2025-10", f"{reason}, and it serves magistral-small-2509")
    newest = model_named(None)
    if known := [name for name in newest.names if name in evidence.names]:
        return Match("mistral-2026-10", f"{reason}, and it serves {known[0]}")
    return Match(
        "mistral-2026-08",
        f"{reason}, without magistral-small-2509; mistral-2026-10 would fit as well, "
        f"but {newest.id} is not listed",
    )


FINGERPRINT = Fingerprint(recognise=recognise, order=10)
