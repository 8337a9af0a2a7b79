"""No fingerprint of `/v1/responses`: its servers are recognised by their chats."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match


def recognise(_evidence: Evidence) -> Match | None:
    """Return None: a profile of this surface is chosen by name, with --profile."""
    return None


FINGERPRINT = Fingerprint(recognise=recognise, order=110)
