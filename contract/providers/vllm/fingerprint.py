"""Fingerprint of vLLM: the owner of its models, and its /version."""

from __future__ import annotations

import re

from contract.model.provider import Evidence, Fingerprint, Match

FIRST_RELEASE = (0, 2, 0)
# Last release, profile, and reason. vLLM named the field reasoning_content, then sent
# both names, then only reasoning.
UP_TO = (
    ((0, 11, 0), "vllm-0.11", "its reasoning field is reasoning_content"),
    ((0, 15, 999), "vllm-0.12", "it has both reasoning fields"),
    ((0, 31, 999), "vllm-0.16", "its reasoning field is reasoning"),
)
NEWEST = "vllm-0.32"
UNKNOWN = "vllm-0.16"
OWNER = "vllm"


def recognise(evidence: Evidence) -> Match | None:
    """Return the profile of the version that /version states."""
    version = evidence.member("/version", "version")
    if OWNER not in evidence.owners and (
        evidence.owners or not isinstance(version, str)
    ):
        return None
    if not isinstance(version, str):
        return Match(UNKNOWN, 'models owned by "vllm"; its version is unknown')
    name = f"vLLM {version[:40]}"
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})", version)
    release = tuple(int(number) for number in found.groups()) if found else ()
    if release < FIRST_RELEASE:
        return Match(UNKNOWN, f"{name} is not a release; treated as a recent one")
    for last, profile, why in UP_TO:
        if release <= last:
            return Match(profile, f"{name}: {why}")
    return Match(
        NEWEST, f"{name}: its reasoning field is reasoning, and usage counts it"
    )


FINGERPRINT = Fingerprint(recognise=recognise, order=30)
