"""A server without a reasoning parser cannot be recognised: it is chosen by name."""

from __future__ import annotations

from contract.model.provider import (
    Evidence,
    Fingerprint,
    Match,
)


def recognise(_evidence: Evidence) -> Match | None:
    """Never: whether thoughts stay in the content shows only in an answer."""
    return None


FINGERPRINT = Fingerprint(recognise=recognise, order=100)
