"""Fingerprint of Mistral's hosted API: its headers and model cards."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match


def recognise(evidence: Evidence) -> Match | None:
    """Return the profile of 2025 if Magistral Small 1.2 is served, else of 2026."""
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
    return Match("mistral-2026-08", f"{reason}, without magistral-small-2509")


FINGERPRINT = Fingerprint(recognise=recognise, order=10)
