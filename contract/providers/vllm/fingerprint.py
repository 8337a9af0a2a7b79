"""Recognises vLLM by the owner of its models, and its version by /version."""

from __future__ import annotations

import re

from contract.model.provider import (
    Evidence,
    Fingerprint,
    Match,
)

FIRST_RELEASE = (0, 2, 0)
# vLLM called the field reasoning_content, then sent both names, then reasoning only.
UP_TO = (
    ((0, 11, 0), "vllm-0.11", "reasoning comes as reasoning_content"),
    ((0, 15, 999), "vllm-0.12", "reasoning comes under both names"),
    ((0, 31, 999), "vllm-0.16", "reasoning comes as reasoning"),
)
NEWEST = "vllm-0.32"
UNKNOWN = "vllm-0.16"


def recognise(evidence: Evidence) -> Match | None:
    """The profile of the version that /version names."""
    version = evidence.member("/version", "version")
    if "vllm" not in evidence.owners and (
        evidence.owners or not isinstance(version, str)
    ):
        return None
    if not isinstance(version, str):
        return Match(UNKNOWN, 'models owned by "vllm"; it does not tell its version')
    name = f"vLLM {version[:40]}"
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})", version)
    release = tuple(int(number) for number in found.groups()) if found else ()
    if release < FIRST_RELEASE:
        return Match(UNKNOWN, f"{name} is no release; taken for a recent one")
    for last, profile, why in UP_TO:
        if release <= last:
            return Match(profile, f"{name}: {why}")
    return Match(NEWEST, f"{name}: reasoning comes as reasoning, and is counted")


FINGERPRINT = Fingerprint(recognise=recognise, order=30)
