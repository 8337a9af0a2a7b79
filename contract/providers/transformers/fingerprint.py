"""Fingerprint of `transformers serve`: its further paths and request ids."""

from __future__ import annotations

from http import HTTPStatus

from contract.model.provider import Evidence, Fingerprint, Match


def recognise(evidence: Evidence) -> Match | None:
    """Return the only profile of `transformers serve`."""
    if (
        evidence.models.header("x-request-id") is not None
        and evidence.member("/health", "status") == "ok"
        and evidence.get("/version").status == HTTPStatus.NOT_FOUND
    ):
        return Match("transformers", "an x-request-id header, /health and no /version")
    return None


# It needs two further requests, and other servers have the same paths.
FINGERPRINT = Fingerprint(recognise=recognise, order=90)
