"""Fingerprint of llama.cpp's server: its model list, headers and /props."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match


def recognise(evidence: Evidence) -> Match | None:
    """Return the only profile of llama.cpp."""
    if "llamacpp" in evidence.owners:
        return Match("llamacpp", 'models owned by "llamacpp"')
    if evidence.models.header("server") == "llama.cpp":
        return Match("llamacpp", "the header server: llama.cpp")
    if evidence.member("/props", "default_generation_settings") is not None:
        return Match("llamacpp", "GET /props answers like llama.cpp")
    return None


FINGERPRINT = Fingerprint(recognise=recognise, order=20)
