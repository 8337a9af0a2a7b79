"""Recognises Mistral's hosted API by its headers and model cards."""

from __future__ import annotations

from contract.model.provider import (
    Evidence,
    Fingerprint,
    Match,
)


def recognise(evidence: Evidence) -> Match | None:
    """The profile of 2025 where Magistral Small 1.2 is still served, else of 2026."""
    if evidence.models.header("mistral-correlation-id") is not None:
        sign = "a mistral-correlation-id header"
    elif any(
        # An organisation on a hub is called mistralai too; its cards say no more.
        card.get("owned_by") == "mistralai" and "capabilities" in card
        for card in evidence.cards
    ):
        sign = 'cards owned by "mistralai"'
    else:
        return None
    if "magistral-small-2509" in evidence.names:
        return Match("mistral-2025-10", f"{sign}, and it serves magistral-small-2509")
    return Match("mistral-2026-08", f"{sign}, without magistral-small-2509")


FINGERPRINT = Fingerprint(recognise=recognise, order=10)
