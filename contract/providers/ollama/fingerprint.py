"""Fingerprint of Ollama: the owner of its models, or its own path for the release."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match

# The path of the release, which other servers do not have.
VERSION = "/api/version"
# The namespace of a model from Ollama's own library.
OWNER = "library"
_READ = "; this profile was read in Ollama's sources and never run, so that what fails "
_READ += "counts as SHOULD"


def recognise(evidence: Evidence) -> Match | None:
    """Return the only profile of Ollama."""
    if OWNER in evidence.owners:
        return Match("ollama", f'models owned by "{OWNER}"{_READ}')
    # Every model of Ollama has a namespace, and no response of it has a request id.
    possible = any(evidence.owners) and evidence.models.header("x-request-id") is None
    if possible and isinstance(evidence.member(VERSION, "version"), str):
        return Match("ollama", f"a release at {VERSION}{_READ}")
    return None


# Models from elsewhere have other owners, and then it needs a further request.
FINGERPRINT = Fingerprint(recognise=recognise, order=95)
