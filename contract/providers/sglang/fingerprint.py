"""Fingerprint of SGLang: the owner of its models."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match


def recognise(evidence: Evidence) -> Match | None:
    """Return the only profile of SGLang if it owns the models."""
    if "sglang" in evidence.owners:
        return Match("sglang-0.5", 'models owned by "sglang"')
    return None


FINGERPRINT = Fingerprint(recognise=recognise, order=22)
