"""Fingerprint of LM Studio: the constant owner of its models."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match
from contract.providers.lmstudio.dialect import OWNER


def recognise(evidence: Evidence) -> Match | None:
    """Return the only profile of LM Studio if it owns all models."""
    if evidence.owners == (OWNER,):
        return Match(
            "lmstudio",
            f'models owned by "{OWNER}"; this profile was read in documentation and '
            "never run, so that what fails counts as SHOULD",
        )
    return None


FINGERPRINT = Fingerprint(recognise=recognise, order=23)
