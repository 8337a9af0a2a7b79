"""Fingerprint of LiteLLM's proxy: the constant creation time in its model list."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match
from contract.providers.litellm.dialect import CREATED


def recognise(evidence: Evidence) -> Match | None:
    """Return the profile of LiteLLM if all models have its owner and creation time."""
    times = {card.get("created") for card in evidence.cards}
    if evidence.owners == ("openai",) and times == {CREATED}:
        return Match(
            "litellm", f"all models were created at {CREATED}, as LiteLLM says"
        )
    return None


FINGERPRINT = Fingerprint(recognise=recognise, order=25)
